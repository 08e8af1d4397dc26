"""Part (e), measured: `cadena-verify` and Tessera's fsck in turns on one log, from its files and from audit's API."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import asyncpg
import httpx2
import orjson

from shared.notes import Checkpoint, split_note
from shared.tiles import WIDTH, Tile
from tests.bench.children import log_api
from tests.bench.servers import Servers
from tests.bench.usage import largest
from tests.bench.verifier import FSCK_SUCCESS, MOST_SECONDS, SECONDS, Checked, Log, VerifiedRun, make_log
from tests.verifier import forge

LOOK_SECONDS = 0.005
PEAK_SECONDS = 0.05
CHUNK = 2_000
FIRST_ENTRIES_SECONDS = 300.0


class NotVerified(RuntimeError):
    """A verifier refused a sound log, or took too long."""


async def measure(servers: Servers, size: int, rounds: int, fsck: Path | None) -> VerifiedRun:
    """A log of `size` entries, checked `rounds` times by each, from files and over HTTP; without fsck where it is None."""
    folder = servers.place("verified")
    log = make_log(folder / "log", size)
    from_files = _rounds(rounds, log, str(log.folder), {}, f"file://{log.folder}/", [], fsck)
    with servers.database("audit") as urls:
        await load(urls["owner"], log)
        with log_api(urls["api"], folder, forge.ORIGIN) as (url, token):
            _wait_for_entries(url, token)
            bearer = ["--bearer_token", token]
            over_http = _rounds(rounds, log, url, {"CADENA_BEARER": token}, f"{url}/", bearer, fsck)
    return VerifiedRun(size, log.bytes / size, os.cpu_count() or 1, from_files, over_http)


async def load(owner_url: str, log: Log) -> None:
    """Put the log into a database as the writer leaves it, apart from what the API does not read."""
    whole = log.size // WIDTH
    listed = orjson.loads((log.folder / "checkpoints").read_bytes())["checkpoints"]
    connection = await asyncpg.connect(owner_url)
    try:
        for first in range(0, whole, CHUNK):
            bundles = ((n, _read(log, Tile(None, n))) for n in range(first, min(first + CHUNK, whole)))
            await connection.copy_records_to_table("bundle", records=bundles)
        if log.size % WIDTH:
            tail = _read(log, Tile(None, whole, log.size % WIDTH))
            await connection.copy_records_to_table("fragment", records=[(whole * WIDTH, tail)])
        await connection.copy_records_to_table("tile", records=_tiles(log))
        at = datetime.fromtimestamp(SECONDS, UTC)
        await connection.copy_records_to_table(
            "head",
            records=[(one["size"], 1, _root(one["note"]), one["note"], one["cosignature"], at) for one in listed],
        )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _tiles(log: Log) -> Iterator[tuple[int, int, bytes]]:
    level = 0
    while count := log.size >> (8 * (level + 1)):
        for n in range(count):
            yield level, n, _read(log, Tile(level, n))
        level += 1


def _read(log: Log, tile: Tile) -> bytes:
    return (log.folder / tile.path).read_bytes()


def _root(note: str) -> bytes:
    return Checkpoint.parse(split_note(note)[0]).root


def _wait_for_entries(url: str, token: str) -> None:
    """The API learns who is who at its first answer of entries; a verifier of any log would wait for it as well."""
    answer = httpx2.get(
        f"{url}/tile/entries/000", headers={"Authorization": f"Bearer {token}"}, timeout=FIRST_ENTRIES_SECONDS
    )
    answer.raise_for_status()


def _rounds(
    rounds: int, log: Log, source: str, told: Mapping[str, str], storage: str, bearer: Sequence[str], fsck: Path | None
) -> dict[str, Checked]:
    """The fastest of each, all in turns."""
    vkey = str(log.folder / "vkey")
    ours = [sys.executable, "-m", "cadena_verify", "log", source, "--vkey", vkey, "--json"]
    commands = {"hashes": [*ours, "--hashes-only"], "all": ours}
    if fsck is not None:
        commands["fsck"] = [
            str(fsck), "--storage_url", storage, "--public_key", vkey, "-N", "4", *bearer, "--ui=false", "--logtostderr",
        ]  # fmt: skip
    best: dict[str, Checked] = {}
    for _ in range(rounds):
        for what, argv in commands.items():
            found = _timed(what, argv, log.size, os.environ | told)
            if what not in best or found.seconds < best[what].seconds:
                best[what] = found
    return best


def _timed(what: str, argv: Sequence[str], size: int, told: Mapping[str, str]) -> Checked:
    """One run to its end; NotVerified if it does not end with success. fsck's exit code tells nothing."""
    with tempfile.TemporaryFile() as out:
        began = time.monotonic()
        with _running(argv, told, out) as child:
            status, cpu, peak = _ended(child, began + MOST_SECONDS)
        seconds = time.monotonic() - began
        out.seek(0)
        said = out.read().decode(errors="replace")
    if status != 0 or (what == "fsck" and FSCK_SUCCESS not in said):
        raise NotVerified(f"{what} ended with {status} on a sound log: {said[-600:]}")
    return Checked(what, size, seconds, cpu, peak)


@contextmanager
def _running(argv: Sequence[str], told: Mapping[str, str], out: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    child = subprocess.Popen(list(argv), env=dict(told), stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            child.wait()


def _ended(child: "subprocess.Popen[bytes]", deadline: float) -> tuple[int, float, int]:
    """Exit code, CPU seconds and the largest resident bytes of a child and of the children that it waited for."""
    peak, looked = 0, 0.0
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, usage.ru_utime + usage.ru_stime, peak
        now = time.monotonic()
        if now - looked > PEAK_SECONDS:  # what wait4 says of memory begins with that of who started it
            peak, looked = max(peak, largest(child.pid)), now
        if now > deadline:
            raise NotVerified(f"{child.args!r} did not end within {MOST_SECONDS:g} s")
        time.sleep(LOOK_SECONDS)

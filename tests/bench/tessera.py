"""Tessera, the log beside ours: its POSIX conformance server and its hammer, built from the module that interop pins.

Both are other people's programs at one version, unchanged. The hammer stands in an internal package, which Go builds
only inside its own module: so the module is copied out of Go's cache, which its checksum guards.
"""

import json
import shutil
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.process import Process
from shared.notes import Signer, VerifierKey
from tests.interop.__main__ import BUILT, HERE, ROOT, build

MODULE = "github.com/transparency-dev/tessera"
PACKAGES = ("./cmd/conformance/posix", "./internal/hammer")
BUILD_SECONDS = 600.0
START_SECONDS = 30.0
LOOK_SECONDS = 0.02
WRITERS = 512
ORIGIN = "tessera.example/bench"
UNLIMITED = 1_000_000


class NoTessera(RuntimeError):
    """It cannot be built here; the message says why, for the reader of the table."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the programs are."""

    server: Path
    hammer: Path
    fsck: Path
    version: str


@dataclass(frozen=True, slots=True)
class TesseraRun:
    """`leaves` of at least `size` bytes that came under signed checkpoints within `seconds`; the points of the way."""

    size: int
    antispam: bool
    leaves: int
    seconds: float
    points: tuple[tuple[float, int], ...]
    """(seconds, size of the newest checkpoint) at each change."""

    @property
    def rate(self) -> float:
        """Leaves a second."""
        return self.leaves / self.seconds


def tools() -> Tools:
    """The programs, built at the first call; NoTessera without Go, without the network at first, or if a build fails."""
    go = shutil.which("go")
    if go is None:
        raise NoTessera("there is no Go on this machine, which builds Tessera; Cadena itself needs none")
    try:
        module = json.loads(_run([go, "mod", "download", "-json", MODULE], HERE / "tools"))
        found = json.loads(_run([go, "list", "-m", "-json", MODULE], HERE / "tools"))
    except OSError as error:
        raise NoTessera(str(error)) from error
    version = str(module["Version"])
    place = ROOT / "var" / "bench-tools" / f"tessera-{version}"
    made = Tools(place / "bin" / "posix", place / "bin" / "hammer", BUILT / "fsck", version)
    if not (made.server.exists() and made.hammer.exists()):
        _copy(Path(found["Dir"]), place / "source")
        _run([go, "build", "-mod=readonly", "-o", f"{place / 'bin'}/", *PACKAGES], place / "source")
        shutil.rmtree(place / "source")
    if not made.fsck.exists() and build(go) != 0:
        raise NoTessera("Tessera's fsck could not be built")
    return made


def measure(tools: Tools, folder: Path, size: int, seconds: float, *, antispam: bool = True) -> TesseraRun:
    """A new log in `folder` under the hammer; `seconds` are counted from its first checkpoint that holds a leaf.

    The hammer adds leaves by HTTP with 512 writers, none twice, and reads nothing.
    """
    private = Ed25519PrivateKey.generate()
    key = Signer(ORIGIN, private).key
    with _log(tools, folder, _private_text(key, private), antispam) as (server, url):
        argv = [
            str(tools.hammer), f"--log_public_key={key.vkey}", f"--log_url={url}", f"--num_writers={WRITERS}",
            f"--max_write_ops={UNLIMITED}", "--max_read_ops=0", "--num_readers_random=0", "--num_readers_full=0",
            f"--leaf_min_size={size}", "--dup_chance=0", "--show_ui=false",
        ]  # fmt: skip
        with _running(Process("hammer", argv, folder)) as hammer:
            points = _watch(folder / "log" / "checkpoint", [server, hammer], seconds)
    (began, first), (ended, last) = points[0], points[-1]
    return TesseraRun(size, antispam, last - first, ended - began, tuple((at - began, count) for at, count in points))


def _watch(checkpoint: Path, processes: list[Process], seconds: float) -> list[tuple[float, int]]:
    """Every new size of the checkpoint and when it was seen, from the first leaf on, until one comes after `seconds`."""
    points: list[tuple[float, int]] = []
    deadline = time.monotonic() + START_SECONDS + 2 * seconds
    while not points or points[-1][0] - points[0][0] < seconds:
        for process in processes:
            process.demand_running()
        found = int(checkpoint.read_text().split("\n")[1])
        if found > (points[-1][1] if points else 0):
            points.append((time.monotonic(), found))
        if time.monotonic() > deadline:
            raise TimeoutError(f"Tessera's checkpoint stood at {found}")
        time.sleep(LOOK_SECONDS)
    return points


@contextmanager
def _log(tools: Tools, folder: Path, private: str, antispam: bool) -> Iterator[tuple[Process, str]]:
    """The server, ready, with its data in `folder`/log, which is deleted afterwards; and its URL."""
    (port,) = free_ports(1)
    kept, data = folder / "tessera.key", folder / "log"
    kept.write_text(private)
    data.mkdir()
    argv = [
        str(tools.server), f"--storage_dir={data}", f"--listen={LOOPBACK}:{port}", f"--private_key={kept}",
        f"--antispam={str(antispam).lower()}",
    ]  # fmt: skip
    try:
        with _running(Process("tessera", argv, folder)) as server:
            deadline = time.monotonic() + START_SECONDS
            while not (data / "checkpoint").exists():
                server.demand_running()
                if time.monotonic() > deadline:
                    raise TimeoutError("Tessera's log did not start")
                time.sleep(LOOK_SECONDS)
            yield server, f"http://{LOOPBACK}:{port}/"
    finally:
        shutil.rmtree(data)


@contextmanager
def _running(process: Process) -> Iterator[Process]:
    process.start()
    try:
        yield process
    finally:
        process.kill()


def _private_text(key: VerifierKey, private: Ed25519PrivateKey) -> str:
    """The key as Go's note package reads it."""
    seed = b64encode(b"\x01" + private.private_bytes_raw()).decode()
    return f"PRIVATE+KEY+{key.name}+{key.key_id.hex()}+{seed}"


def _copy(source: Path, target: Path) -> None:
    """A copy that may be written to: Go's cache is read-only."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for folder in [target, *(one for one in target.rglob("*") if one.is_dir())]:
        folder.chmod(0o700)


def _run(argv: list[str], place: Path) -> str:
    ran = subprocess.run(argv, cwd=place, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    if ran.returncode != 0:
        raise NoTessera(f"`{' '.join(argv[:3])}` failed: {(ran.stderr or ran.stdout).strip()[-300:]}")
    return ran.stdout

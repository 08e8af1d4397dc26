"""Tools that we did not write accept the log at every size where tiles and bundles change their shape.

Not collected by `make test`: it needs Go. fsck 1.0.4 has traps: it exits 0 although a check failed, and hangs with one
worker, so it runs with four, under a time limit, and only its own line of success counts.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx2
import pytest

from deploy.local.issuer import ISSUER, DevIssuer
from tests.interop.__main__ import BUILT
from tests.services.audit.rig import Rig, event, first

pytest_plugins = ["tests.services.audit.conftest"]
SIZES = (1, 255, 256, 257, 70_000)
SUCCESS = "Successfully fsck"
TOOL_SECONDS = 120
START_SECONDS = 30.0


class Log:
    """The read API of one rig's ledger, as a process of its own."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.folder = rig, rig.folder
        issuer = DevIssuer(rig.folder / "dev")
        self.token = issuer.mint("interop", ["audit"], ["ledger:read"], 3600)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        told = {
            "CADENA_INSTALLATION": "test", "CADENA_ORIGIN": rig.keys.log.key.name, "CADENA_LISTEN_PORT": str(port),
            "CADENA_DATABASE_URL": rig.urls["api"], "CADENA_ISSUER": ISSUER, "CADENA_JWKS": str(issuer.jwks),
        }  # fmt: skip
        (self.folder / "vkey").write_text(rig.keys.log.key.vkey)
        with (self.folder / "api.log").open("wb") as out:
            argv = [sys.executable, "-m", "services.audit", "api"]
            self.process = subprocess.Popen(argv, env=os.environ | told, stdout=out, stderr=out)

    async def ready(self) -> None:
        """Wait until it answers."""
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while True:
            try:
                httpx2.get(f"{self.url}/healthz", timeout=2)
                return
            except httpx2.HTTPError:
                assert asyncio.get_running_loop().time() < deadline, (self.folder / "api.log").read_text()[-2000:]
                await asyncio.sleep(0.1)

    def fsck(self) -> str:
        """What fsck prints about the whole log."""
        argv = [
            str(BUILT / "fsck"), "--storage_url", f"{self.url}/", "--public_key", str(self.folder / "vkey"), "-N", "4",
            "--bearer_token", self.token, "--ui=false", "--logtostderr",
        ]  # fmt: skip
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
        return ran.stdout + ran.stderr

    def spicy(self, raw: bytes, proof: str) -> subprocess.CompletedProcess[str]:
        """Torchwood's verdict on one entry and its proof; it reads the form without the first line."""
        path = self.folder / "entry.json"
        path.write_bytes(raw)
        (self.folder / "entry.json.spicy").write_text(proof.partition("\n")[2])
        argv = [str(BUILT / "spicy"), "-verify", self.rig.keys.log.key.vkey, str(path)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)

    def proof(self, raw: bytes) -> str:
        """The log's own proof of an event."""
        answer = httpx2.get(f"{self.url}/v1/proofs/{json.loads(raw)['id']}", timeout=10)
        assert answer.status_code == 200, answer.text
        return str(answer.text)


@pytest.fixture
def log(rig: Rig) -> Iterator[Log]:
    served = Log(rig)
    yield served
    served.process.terminate()
    served.process.wait(15)


async def test_others_accept_the_log_at_every_shape(log: Log) -> None:
    await log.ready()
    sent: list[bytes] = [log.rig.founding]
    await log.rig.send(log.rig.founding)
    async with log.rig.writing() as writer:
        for size in SIZES:
            more = [event(pad=20) for _ in range(size - len(sent))]
            for at in range(0, len(more), 5000):
                await log.rig.send(*more[at : at + 5000])
            sent += more
            await first(log.rig.until_signed(size), writer)
            said = await asyncio.to_thread(log.fsck)
            assert SUCCESS in said, said[-3000:]
            for index in {0, size // 2, size - 1}:
                judged = await asyncio.to_thread(log.spicy, sent[index], log.proof(sent[index]))
                assert judged.returncode == 0, judged.stderr
            print(
                f"{size:6} entries: {next(line for line in said.splitlines() if SUCCESS in line)}; spicy accepts its proofs"
            )
    changed = sent[-1].replace(b"xx", b"xy", 1)
    assert log.spicy(changed, log.proof(sent[-1])).returncode == 1


async def test_others_find_a_changed_byte(log: Log) -> None:
    """The check itself can fail."""
    await log.ready()
    await log.rig.seal(log.rig.founding, *[event(pad=20) for _ in range(299)], size=300)
    assert SUCCESS in await asyncio.to_thread(log.fsck)
    async with log.rig.database() as owner:
        await owner.execute("UPDATE bundle SET bytes = set_byte(bytes, 5000, get_byte(bytes, 5000) # 1) WHERE n = 0")
    assert SUCCESS not in await asyncio.to_thread(log.fsck)
    print("   300 entries, one bit of one changed: fsck refuses")

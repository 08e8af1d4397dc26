"""The mail sink: an SMTP server on loopback that keeps every message as a file, and delivers nothing.

`python -m deploy.local.mail PORT FOLDER`. A message is answered with 250 only when its file is on disk.
"""

import asyncio
import hashlib
import signal
import sys
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.files import private_folder, read_json, write_json, write_private
from deploy.local.ports import LOOPBACK, is_free, kept_ports
from deploy.local.process import Process
from deploy.local.waiting import wait_until

START_SECONDS = 20.0
MAX_MESSAGE_BYTES = 20_000_000


class Keeper:
    """aiosmtpd's handler: `<folder>/<n>-<hash of the Message-ID>.eml`, n rising, the bytes as they arrived."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        taken = [int(path.name.partition("-")[0]) for path in folder.glob("*.eml")]
        self._next = max(taken, default=0) + 1

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one message; the answer to the client."""
        content = envelope.original_content or b""
        number, self._next = self._next, self._next + 1
        message_id = str(message_from_bytes(content)["Message-ID"])
        name = f"{number:06}-{hashlib.sha256(message_id.encode()).hexdigest()[:16]}.eml"
        write_private(self.folder / name, content)
        return f"250 2.0.0 kept as {name}"


async def serve(port: int, folder: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    keeper = Keeper(private_folder(folder))

    def session() -> SMTP:
        return SMTP(keeper, hostname="localhost", enable_SMTPUTF8=True, data_size_limit=MAX_MESSAGE_BYTES, loop=loop)

    async with await loop.create_server(session, LOOPBACK, port):
        await stop.wait()


class MailSink:
    """The sink as a process of the stack; keeps its port and its messages over a restart."""

    def __init__(self, state: Path) -> None:
        self.folder = private_folder(state / "mail")
        kept = state / "mail.json"
        self.port = kept_ports(read_json(kept) or {}, ["smtp"])["smtp"]
        write_json(kept, {"smtp": self.port})
        argv = [sys.executable, "-m", "deploy.local.mail", str(self.port), str(self.folder.resolve())]
        self.process = Process("mail", argv, state, cwd=Path(__file__).resolve().parents[2])

    @property
    def url(self) -> str:
        """Where notify sends to."""
        return f"smtp://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start and wait until it listens."""
        self.process.start()
        wait_until(self._listens, START_SECONDS, f"the mail sink to listen; its log is {self.process.log}")

    def stop(self) -> None:
        """Stop it; the messages stay."""
        self.process.stop()

    def _listens(self) -> bool:
        self.process.demand_running()
        return not is_free(self.port)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))

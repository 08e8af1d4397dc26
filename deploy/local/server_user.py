"""Whom PostgreSQL runs as: ourselves, or an unprivileged user when we are root (it refuses root)."""

import os
import pwd
import sys
from collections.abc import Iterable
from pathlib import Path

from deploy.local.problem import StackProblem
from deploy.local.process import User

UNPRIVILEGED = "nobody"
OTHERS_READ, OTHERS_ENTER = 0o004, 0o001


def open_to_others(path: Path) -> bool:
    """Whether any user of this machine may read and enter `path` (or run it, for a program) and enter all above it."""
    path = path.resolve()
    own = path.stat().st_mode
    return bool(own & OTHERS_READ and own & OTHERS_ENTER) and all(p.stat().st_mode & OTHERS_ENTER for p in path.parents)


def server_user(programs: Iterable[Path], data_parent: Path) -> User | None:
    """None unless we are root; then the user to become, with `reach` only where a needed path is closed to it.

    Raises StackProblem where root has no such user to become.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError as missing:
        raise StackProblem(
            f"PostgreSQL does not run as root, and this machine has no user '{UNPRIVILEGED}' to run it as. "
            "Run this as an ordinary user, or set DATABASE_URL to a PostgreSQL server of yours."
        ) from missing
    reach = not (all(open_to_others(p) for p in programs) and open_to_others(data_parent))
    if reach and sys.platform != "linux":
        raise StackProblem("This checkout lies in a folder closed to other users: do not run it as root here.")
    return User(entry.pw_uid, entry.pw_gid, reach)

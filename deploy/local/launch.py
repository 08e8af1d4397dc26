"""Become another program that cannot outlive its parent: `python -I -S launch.py JSON program argument …`.

A file of its own, with the standard library only, because it runs between fork and exec of every process of the stack:
calling `prctl` from a `preexec_fn` is not safe in a parent that has threads.

`… launch.py tied program argument …` is the short form for the Makefile: SIGTERM when make itself is killed.

JSON is `{"parent": pid, "signal": number, "umask": null | number, "user": null | {"uid", "gid", "reach": bool}}`. The
program keeps this process's id. It gets `signal` when the *thread* that started it ends, so start processes from the
main thread. With `user` the root user becomes that user (PostgreSQL refuses root). `reach` keeps one capability of
root, to pass through folders closed to others (a checkout under a 0700 folder, files made with umask 077): without it
the same program would run or not run depending on where somebody cloned to.
"""

import ctypes
import json
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
# access(2) judges by the real user without capabilities unless this bit is set; PostgreSQL asks it about its binaries.
SECBIT_NO_SETUID_FIXUP = 4
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _become(libc: ctypes.CDLL, uid: int, gid: int, reach: bool) -> None:
    if reach:
        _checked(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "PR_SET_SECUREBITS")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if reach:
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        only = 1 << CAP_DAC_OVERRIDE
        # effective, permitted, inheritable; the second three are capabilities above 31
        _checked(libc.capset(header, (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0)), "capset")
        _checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0), "PR_CAP_AMBIENT_RAISE")


def main(orders: str, program: str, *arguments: str) -> None:
    """Drop privileges, tie this process to its parent, and become `program`; raises OSError if any step fails."""
    tied = {"parent": os.getppid(), "signal": int(signal.SIGTERM), "umask": None, "user": None}
    wanted: dict[str, Any] = tied if orders == "tied" else json.loads(orders)
    libc = ctypes.CDLL(None, use_errno=True)
    if wanted["umask"] is not None:
        os.umask(wanted["umask"])
    if wanted["user"] is not None:
        _become(libc, **wanted["user"])
    if sys.platform == "linux":
        # After the change of user: that clears it.
        _checked(libc.prctl(PR_SET_PDEATHSIG, wanted["signal"], 0, 0, 0), "PR_SET_PDEATHSIG")
        if os.getppid() != wanted["parent"]:
            sys.exit("launch: the parent has already gone")
    os.execv(program, [program, *arguments])  # noqa: S606 - becoming the program without a shell is this file's purpose


if __name__ == "__main__":
    main(*sys.argv[1:])

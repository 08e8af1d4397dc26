"""Small files of the stack's state folder, written whole or not at all."""

import json
import os
from pathlib import Path
from typing import IO, Any

from deploy.local.problem import StackProblem

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
PRIVATE_MASK = 0o077
"""The umask of whoever writes to a state folder: it holds keys, tokens, addresses and logs."""


def private_folder(path: Path) -> Path:
    """`path` as a folder that only this user enters; made with its parents if it is missing."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(PRIVATE_FOLDER)
    return path


def open_private(path: Path, mode: str) -> IO[Any]:
    """`path` opened for writing as `open` would; mode 0600, also if it was there and open to others."""
    file: IO[Any] = open(  # noqa: SIM115 - handed to the caller, who closes it
        path, mode, opener=lambda name, flags: os.open(name, flags, PRIVATE_FILE)
    )
    os.fchmod(file.fileno(), PRIVATE_FILE)
    return file


def write_private(path: Path, data: bytes) -> None:
    """Replace `path` with `data` in one step, mode 0600, durable before this returns."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_json(path: Path, value: Any) -> None:
    """`write_private` of `value` as indented JSON."""
    write_private(path, json.dumps(value, indent=2, sort_keys=True).encode() + b"\n")


def read_json(path: Path) -> Any | None:
    """The JSON value in `path`, or None when there is no such file; StackProblem for a file that is no JSON."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise StackProblem(f"{path} is damaged: it is no JSON. Look at it, and remove it.") from error

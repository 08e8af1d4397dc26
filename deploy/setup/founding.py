"""The founding file: what the founders decide, completed by the public halves of the installation's keys."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOUNDERS_SAY = ("organisations", "registrar")
SERVICES = ("custody", "audit", "notify")


class SetupFailed(RuntimeError):
    """A step of the set-up did not succeed; the message holds its words."""


def command(service: str, *arguments: str, environment: Mapping[str, str]) -> str:
    """What `python -m services.<service> …` prints; raises SetupFailed with its error output."""
    argv = [sys.executable, "-m", f"services.{service}", *arguments]
    ran = subprocess.run(argv, env=dict(environment), capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise SetupFailed(f"{service} {' '.join(arguments)}: {ran.stderr.strip() or ran.stdout.strip()}")
    return ran.stdout


def completed(founders: Mapping[str, Any], installation: str, keys: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The file for `services.custody found`: `keys` is what each service's `keys` printed, by service.

    Raises SetupFailed when the founders' part lacks a member.
    """
    missing = [name for name in FOUNDERS_SAY if name not in founders]
    if missing:
        raise SetupFailed(f"the founding file says nothing of: {', '.join(missing)}")
    return {
        "installation": installation,
        "origin": keys["audit"]["origin"],
        "log_vkey": keys["audit"]["log_vkey"],
        "cosigner_vkey": keys["audit"]["cosigner_vkey"],
        "promise_keys": {keys[service]["source"]: keys[service]["promise_key"] for service in ("custody", "notify")},
        "link_key": keys["notify"]["link_key"],
        **{name: founders[name] for name in FOUNDERS_SAY},
    }


def write_json(path: Path, value: Any) -> None:
    """Write a file whole."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(value, indent=2))
    draft.replace(path)

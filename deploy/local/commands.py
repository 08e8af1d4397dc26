"""The commands of the services that end by themselves, run as an operator would: migrate, keys, found."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.local.environment import base_environment
from deploy.local.problem import StackProblem
from deploy.local.process import run_tied

CHECKOUT = Path(__file__).resolve().parents[2]


def run_service(service: str, *arguments: str, env: Mapping[str, str]) -> str:
    """What `python -m services.<service> …` prints; raises StackProblem with its words if it fails."""
    argv = [sys.executable, "-m", f"services.{service}", *arguments]
    ran = run_tied(argv, env=base_environment() | dict(env), cwd=CHECKOUT)
    if ran.returncode != 0:
        said = (ran.stderr + ran.stdout).strip()
        raise StackProblem(f"`{service} {' '.join(arguments)}` failed with code {ran.returncode}:\n{said}")
    return ran.stdout


def migrate(service: str, owner_url: str, installation: str = "demo") -> None:
    """Bring a database to this version and set what its roles may do."""
    run_service(service, "migrate", env={"CADENA_OWNER_DATABASE_URL": owner_url, "CADENA_INSTALLATION": installation})


def keys(service: str, env: Mapping[str, str]) -> dict[str, Any]:
    """Make the service's missing private keys; its public ones."""
    public: dict[str, Any] = json.loads(run_service(service, "keys", env=env))
    return public

"""Custody's commands as an operator starts them, on the database of a house."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from deploy.local.environment import base_environment
from tests.services.custody.api.office import House

ROOT = Path(__file__).parents[4]


async def custody(house: House, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error of `python -m services.custody …` with the API's login."""
    environment = base_environment() | {"CADENA_DATABASE_URL": house.urls["api"]}
    argv = [sys.executable, "-m", "services.custody", *arguments]
    child = await asyncio.create_subprocess_exec(*argv, stdout=PIPE, stderr=PIPE, cwd=ROOT, env=environment)
    out, error = await asyncio.wait_for(child.communicate(), 60)
    return child.returncode or 0, out.decode(), error.decode()

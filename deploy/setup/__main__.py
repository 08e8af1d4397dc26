"""`python -m deploy.setup FOUNDERS.json PUBLIC_FOLDER`: the steps in order, each idempotent, each said aloud.

Reads CADENA_INSTALLATION, CADENA_ORIGIN, and for each SERVICE: <SERVICE>_OWNER_DATABASE_URL, <SERVICE>_KEYS_DIR, and
CUSTODY_API_DATABASE_URL; what is not in the environment, from a file of CADENA_SECRETS_DIR, named so in lower case.
Kafka is set up by `deploy.kafka`. Leaves `vkey`, `cosigner-vkey` and, last, `ready` in PUBLIC_FOLDER.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from deploy.setup.founding import SERVICES, SetupFailed, command, completed, write_json


def main(founders: Path, public: Path) -> None:
    """Run every step; raises SetupFailed at the first that fails."""
    keys = {}
    for service in SERVICES:
        prefix = service.upper()
        own = os.environ | {
            "CADENA_OWNER_DATABASE_URL": told(f"{prefix}_OWNER_DATABASE_URL"),
            "CADENA_KEYS_DIR": os.environ[f"{prefix}_KEYS_DIR"],
        }
        command(service, "migrate", environment=own)
        keys[service] = json.loads(command(service, "keys", environment=own))
        print(f"{service}: database migrated, grants applied, keys there", flush=True)
    found(founders, keys)
    (public / "vkey").write_text(keys["audit"]["log_vkey"] + "\n")
    (public / "cosigner-vkey").write_text(keys["audit"]["cosigner_vkey"] + "\n")
    (public / "ready").touch()


def told(name: str) -> str:
    """A secret by its variable's name; KeyError if it is told nowhere."""
    if name in os.environ:
        return os.environ[name]
    file = Path(os.environ.get("CADENA_SECRETS_DIR", "/run/secrets")) / name.lower()
    if not file.is_file():
        raise KeyError(name)
    return file.read_text().strip()


def found(founders: Path, keys: dict[str, dict[str, str]]) -> None:
    """Record leaf 0."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "founding.json"
        write_json(file, completed(json.loads(founders.read_text()), os.environ["CADENA_INSTALLATION"], keys))
        own = os.environ | {
            "CADENA_DATABASE_URL": told("CUSTODY_API_DATABASE_URL"),
            "CADENA_KEYS_DIR": os.environ["CUSTODY_KEYS_DIR"],
        }
        print(f"founded: {command('custody', 'found', str(file), environment=own).strip()}", flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
    except (SetupFailed, KeyError, IndexError, OSError) as error:
        sys.exit(
            f"set-up stopped: {error!r}" if isinstance(error, KeyError | IndexError) else f"set-up stopped: {error}"
        )

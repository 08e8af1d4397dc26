"""`python3 -m deploy.setup.secrets FOLDER`: a file for every secret of docker-compose.yml. Standard library only.

What is there stays, so that a second run adds what a new release needs. Only you can enter the folder; the files in it
can be read by all, since a container's user, who is not you, sees those that are mounted for it, and no others.
"""

import secrets
import sys
from pathlib import Path

LOGINS = {
    "custody": ("owner", "api", "worker"),
    "audit": ("owner", "writer", "api"),
    "notify": ("owner", "api", "worker"),
}
KAFKA = ("broker", "operator", "custody_worker", "audit_writer", "notify_worker")


def write(folder: Path) -> list[str]:
    """Make the files that are missing; their names."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made: list[str] = []

    def file(name: str, text: str) -> str:
        path = folder / name
        if not path.exists():
            path.write_text(text)  # without a line's end, which Kafka would take for a part of it
            path.chmod(0o444)
            made.append(name)
        return path.read_text().strip()

    file("postgres_password", secrets.token_urlsafe(24))
    for service, roles in LOGINS.items():
        for role in roles:
            password = file(f"{service}_{role}_password", secrets.token_urlsafe(24))
            file(f"{service}_{role}_database_url", f"postgresql://{service}_{role}:{password}@postgres/{service}")
    for user in KAFKA:
        file(f"kafka_{user}_password", secrets.token_urlsafe(24))
    return made


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {__doc__}")
    print(f"{len(write(Path(sys.argv[1])))} secrets made in {sys.argv[1]}")

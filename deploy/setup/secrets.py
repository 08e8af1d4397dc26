"""`python3 -m deploy.setup.secrets > .env`: a password for every login of docker-compose.yml. Standard library only."""

import secrets

LOGINS = (
    "POSTGRES", "CUSTODY_OWNER", "CUSTODY_API", "CUSTODY_WORKER", "AUDIT_OWNER", "AUDIT_WRITER", "AUDIT_API",
    "NOTIFY_OWNER", "NOTIFY_API", "NOTIFY_WORKER",
)  # fmt: skip

if __name__ == "__main__":
    for login in LOGINS:
        print(f"{login}_PASSWORD={secrets.token_urlsafe(24)}")

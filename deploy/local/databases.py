"""The three databases and their login roles on a running PostgreSQL, embedded or given by DATABASE_URL.

One role per process, and one owner per service that only migrations use; each role has a password of its own and may
enter only the database of its service. What a role may do inside is the business of each service's `grants.sql`.
"""

import hashlib
import hmac
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from deploy.local.environment import base_environment
from deploy.local.postgres import binaries
from deploy.local.problem import StackProblem

ROLES: Mapping[str, tuple[str, ...]] = {
    "custody": ("owner", "api", "worker"),
    "audit": ("owner", "writer", "api"),
    "notify": ("owner", "api", "worker"),
}

Urls = dict[str, dict[str, str]]
"""Service → role → libpq URL, the shape of `stack.json`."""


def libpq(url: str) -> str:
    """A PostgreSQL URL without SQLAlchemy's driver name, as libpq and asyncpg want it."""
    scheme, _, rest = url.partition("://")
    if scheme.partition("+")[0] not in ("postgres", "postgresql"):
        raise StackProblem("DATABASE_URL must start with postgresql://.")
    return f"postgresql://{rest}"


def login_url(admin_url: str, user: str, password: str, database: str) -> str:
    """The same server as `admin_url`, another login and database."""
    parts = urlsplit(admin_url)
    server = parts.netloc.rpartition("@")[2]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{login}@{server}", path=f"/{quote(database, safe='')}"))


def run_sql(url: str, sql: str) -> str:
    """What `psql` prints for `sql`, unaligned and without headers; raises StackProblem with the server's words."""
    parts = urlsplit(url)
    # A command line can be read by anyone on the machine: the password goes another way.
    login, _, server = parts.netloc.rpartition("@")
    bare = urlunsplit(parts._replace(netloc=f"{login.partition(':')[0]}@{server}"))
    argv = [str(binaries() / "psql"), bare, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
    env = base_environment() | {"PGPASSWORD": unquote(parts.password or "")}
    ran = subprocess.run(argv, input=sql, env=env, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise StackProblem(f"PostgreSQL refused: {ran.stderr.strip()}")
    return ran.stdout.strip()


def role_passwords(admin_url: str) -> dict[str, str]:
    """A password for every role, `custody_owner` and so on, derived from the server's administration URL.

    Roles belong to the whole server: whoever administers it (another checkout, a test run) must mean the same ones.
    Only the URL's password is used where it has one, since an embedded server's socket moves.
    """
    secret = (urlsplit(admin_url).password or admin_url).encode()
    names = [f"{service}_{role}" for service, roles in ROLES.items() for role in roles]
    return {name: hmac.digest(secret, f"cadena role {name}".encode(), hashlib.sha256).hex()[:40] for name in names}


def ensure_roles(admin_url: str) -> None:
    """Make the roles that are missing and give each its password."""
    passwords = role_passwords(admin_url)
    known = set(run_sql(admin_url, "SELECT rolname FROM pg_roles").splitlines())
    sql = [f"CREATE ROLE {role};" for role in passwords if role not in known]
    sql += [f"ALTER ROLE {role} LOGIN PASSWORD '{password}';" for role, password in passwords.items()]
    run_sql(admin_url, "\n".join(sql))


COMMON_OPEN = """
    SELECT datname FROM pg_database WHERE datname IN ('postgres', 'template1')
    AND (has_database_privilege('public', oid, 'CONNECT') OR has_database_privilege('public', oid, 'TEMP')) ORDER BY 1;
"""
"""Databases that PostgreSQL lets every login of the server enter, and make temporary tables in."""
OURS = "SELECT datname FROM pg_database WHERE pg_has_role(datdba, 'USAGE')"
WALLS = Path(__file__).parents[1] / "postgres" / "walls.sql"
"""What a superuser takes away in each of our databases, and to whom it gives a part of it back."""


def close_to_public(admin_url: str, suffix: str = "", services: Iterable[str] = ROLES) -> list[str]:
    """Take away what PostgreSQL gives to every login, beyond `grants.sql`: the common databases, large objects, locks.

    Returns a sentence for each thing that this administrator may not take away; harmless to repeat.
    """
    said = []
    ours = run_sql(admin_url, OURS).splitlines()
    closing = [name for name in run_sql(admin_url, COMMON_OPEN).splitlines() if name in ours]
    run_sql(admin_url, "".join(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;" for name in closing))
    left = run_sql(admin_url, COMMON_OPEN).splitlines()
    if left:
        said.append(
            f"Every login of this PostgreSQL may enter {' and '.join(left)}, and this administrator may not change "
            f"that. Their owner closes them: REVOKE ALL ON DATABASE {', '.join(left)} FROM PUBLIC"
        )
    if run_sql(admin_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "t":
        for service in services:
            run_sql(_within(admin_url, f"{service}{suffix}"), WALLS.read_text())
    else:
        said.append(
            "Every login may make large objects in its service's database and take any lock there, and only a "
            f"superuser can change that: in each, let one run {WALLS.relative_to(WALLS.parents[2])}"
        )
    return said


def _within(admin_url: str, database: str) -> str:
    """The same login in another database."""
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{quote(database, safe='')}"))


def ensure_databases(
    admin_url: str, suffix: str = "", template_suffix: str | None = None, services: Iterable[str] = ROLES
) -> None:
    """Make the databases `<service><suffix>` that are missing, empty or as copies of `<service><template_suffix>`.

    A template must have no open connection. The roles exist.
    """
    known = set(run_sql(admin_url, "SELECT datname FROM pg_database").splitlines())
    for service in services:
        name = f"{service}{suffix}"
        if name in known:
            continue
        source = "template0" if template_suffix is None else f"{service}{template_suffix}"
        logins = ", ".join(f"{service}_{role}" for role in ROLES[service])
        # The owner's role is entered for the moment of making: an administrator who is not superuser needs that.
        sql = f"""
            GRANT {service}_owner TO CURRENT_USER;
            CREATE DATABASE "{name}" OWNER {service}_owner TEMPLATE "{source}";
            REVOKE ALL ON DATABASE "{name}" FROM PUBLIC;
            GRANT CONNECT ON DATABASE "{name}" TO {logins};
        """
        run_sql(admin_url, sql)


def drop_databases(admin_url: str, suffix: str, services: Iterable[str] = ROLES) -> None:
    """Drop the databases `<service><suffix>`, ending what is connected to them."""
    for service in services:
        run_sql(admin_url, f'DROP DATABASE IF EXISTS "{service}{suffix}" WITH (FORCE);')


def service_urls(admin_url: str, suffix: str = "") -> Urls:
    """The URL of every role."""
    passwords = role_passwords(admin_url)
    return {
        service: {
            role: login_url(admin_url, f"{service}_{role}", passwords[f"{service}_{role}"], f"{service}{suffix}")
            for role in roles
        }
        for service, roles in ROLES.items()
    }

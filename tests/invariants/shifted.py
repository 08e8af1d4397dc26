"""A database whose clock jumps for one login: its `clock_timestamp()` is found before PostgreSQL's own."""

import asyncpg

from deploy.local.databases import run_sql

_MADE = """
CREATE SCHEMA shifted;
CREATE TABLE shifted.by (moved interval NOT NULL);
INSERT INTO shifted.by VALUES ('0');
CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS 'SELECT pg_catalog.clock_timestamp() + moved FROM shifted.by';
GRANT USAGE ON SCHEMA shifted TO {login};
GRANT SELECT ON shifted.by TO {login};
ALTER ROLE {login} IN DATABASE "{database}" SET search_path = shifted, pg_catalog, public;
"""


class Clock:
    """The clock that connections of `login` read from now on; `moved` at the next statement of any of them."""

    def __init__(self, admin_url: str, url: str, login: str) -> None:
        """`admin_url` is the administrator's within that database, `url` the login's."""
        self._admin, self._url = admin_url, url
        run_sql(admin_url, _MADE.format(login=login, database=url.rpartition("/")[2].partition("?")[0]))

    async def move(self, days: int) -> None:
        """So many days from the true time; the login sees it."""
        run_sql(self._admin, f"UPDATE shifted.by SET moved = '{days} days'")
        connection = await asyncpg.connect(self._url)
        try:
            query = "SELECT extract(epoch FROM clock_timestamp() - pg_catalog.clock_timestamp())::int / 3600.0 / 24"
            assert round(await connection.fetchval(query)) == days
        finally:
            await connection.close()

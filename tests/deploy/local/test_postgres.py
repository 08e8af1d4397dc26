"""The embedded PostgreSQL: durable settings, recovery after a crash, nothing left behind, any folder."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.databases import run_sql
from deploy.local.pids import started
from deploy.local.postgres import STILL_THERE, Postgres
from deploy.local.problem import StackProblem
from deploy.local.server_user import open_to_others
from deploy.local.waiting import wait_until

CHECKOUT = Path(__file__).resolve().parents[3]
SUPERVISOR = """
import sys, time
from pathlib import Path
from deploy.local.databases import run_sql
from deploy.local.postgres import Postgres
server = Postgres(Path(sys.argv[1]))
server.start()
run_sql(server.admin_url(), "CREATE TABLE fact (id int); INSERT INTO fact VALUES (7)")
print(server.process.pid, flush=True)
time.sleep(600)
"""


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    """A server of the test's own under a folder closed to others, with a space and a long path."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    one = Postgres(closed / ("a state " + "x" * 110))
    one.start()
    yield one
    one.stop()
    assert not one.socket_folder.exists()


def test_its_log_tells_of_an_error_and_not_of_the_row(server: Postgres) -> None:
    twice = "INSERT INTO item SELECT 'Zana' || 'te' FROM generate_series(1, 2)"
    with pytest.raises(StackProblem, match="Zanate"):
        run_sql(server.admin_url(), f"CREATE TABLE item (label text PRIMARY KEY); {twice}")
    log = server.process.log.read_text()
    assert "duplicate key value violates unique constraint" in log
    assert "Zanate" not in log


def test_it_is_as_durable_as_in_production_and_survives_a_crash(server: Postgres) -> None:
    def ask(sql: str) -> str:
        return run_sql(server.admin_url(), sql)

    for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
        assert ask(f"SHOW {name}") == "on", name
    assert ask("SHOW listen_addresses") == ""
    assert ask("SHOW server_version").startswith("18")
    assert len(os.fsencode(server.socket_folder)) < 90
    ask("CREATE TABLE fact (id int); INSERT INTO fact VALUES (7)")
    url = server.admin_url()
    server.kill()
    server.start()
    assert server.admin_url() == url
    assert ask("SELECT id FROM fact") == "7"


def test_it_starts_once_the_last_process_of_a_killed_server_has_ended(server: Postgres) -> None:
    """A checkpointer that stands still outlives its postmaster, and with it the memory that both had."""
    postmaster = server.process.pid
    assert postmaster is not None
    late = next(pid for pid in children(postmaster) if b"checkpointer" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(late, signal.SIGSTOP)
    server.kill()

    def let_go() -> None:
        wait_until(lambda: STILL_THERE in server.process.log.read_bytes(), 30, "a start that comes too early")
        os.kill(late, signal.SIGKILL)

    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(let_go)
        server.start()
        done.result()
    assert run_sql(server.admin_url(), "SELECT 7") == "7"


def test_a_killed_supervisor_leaves_no_server_and_the_next_one_finds_the_facts(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as supervisor:
        assert supervisor.stdout is not None
        postmaster = int(supervisor.stdout.readline())
        family = [postmaster, *children(postmaster)]
        assert len(family) > 3
        supervisor.kill()
        wait_until(lambda: all(started(pid) is None for pid in family), 10, "the server's processes to end")
    again = Postgres(tmp_path)
    again.start()
    try:
        assert run_sql(again.admin_url(), "SELECT id FROM fact") == "7"
    finally:
        again.stop()


def test_a_half_made_data_folder_is_made_anew(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "left").touch()
    server.start()
    server.stop()
    assert not (tmp_path / "postgres.new").exists()


def test_the_sockets_path_stays_short_where_the_temp_folder_is_deep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    server = Postgres(tmp_path)
    try:
        assert len(os.fsencode(server.socket_folder)) < 90
    finally:
        server.stop()


def test_a_folder_closed_to_others_is_known() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        outer = Path(name)
        inner = outer / "closed" / "inner"
        inner.mkdir(parents=True)
        for folder, mode in ((outer, 0o755), (inner.parent, 0o755), (inner, 0o755)):
            folder.chmod(mode)
        assert open_to_others(inner)
        inner.chmod(0o750)
        assert not open_to_others(inner)
        inner.chmod(0o755)
        inner.parent.chmod(0o700)
        assert not open_to_others(inner)

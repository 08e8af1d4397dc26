"""Several processes: the same findings, in order, and a clean end whatever happens to one of them."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from cadena_verify import audit as audits
from cadena_verify import crew as crews
from cadena_verify import reading
from cadena_verify.audit import Wanted, audit
from cadena_verify.counting import Plan, Watch
from cadena_verify.depth import Depth
from cadena_verify.notes import parse_vkey
from cadena_verify.source import Folder, Unreadable

from tests.verifier.forge import LOG_VKEY, Forged, canonical, entries, event
from tests.verifier.served import Serving, serve
from tests.verifier.tampering import other

SIZE = 3000
DEADLINE_SECONDS = 60.0


def tampered() -> Forged:
    """Every kind of trouble in one log: copies that differ, entries that are wrong, twins, versions out of order."""
    some = entries(SIZE)
    some[100] = canonical(event(100, source="urn:cadena:other:custody"))
    some[1500] = some[7]
    some[1900] = canonical(event(20, data={"label": "conflict"}))
    some[2000] = canonical(event(2000, sequence=5))
    log = Forged(some, [1, 300, 1024, 2000, SIZE])
    raw = bytearray(log.files["tile/entries/005"])
    raw[5000] ^= 1
    log.files["tile/entries/005"] = bytes(raw)
    del log.files["tile/0/007"]
    return log


@pytest.fixture
def _many_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audits, "SMALL", 0)
    monkeypatch.setattr(reading, "RUN", 2)


@pytest.mark.usefixtures("_many_runs")
@pytest.mark.parametrize("sound", [True, False])
def test_helpers_find_what_one_process_finds(tmp_path: Path, sound: bool) -> None:
    log = Forged(entries(SIZE), [1, 300, 1024, 2000, SIZE]) if sound else tampered()
    folder = Folder(log.folder(tmp_path / "log"))
    alone, helped = (audit(folder, Wanted(parse_vkey(LOG_VKEY), jobs=jobs)).as_json() for jobs in (1, 3))
    for report in (alone, helped):
        del report["seconds"]
    assert alone == helped
    assert bool(alone["defects"]) is not sound


@pytest.mark.usefixtures("_many_runs")
def test_suspects_are_judged_the_same_whether_they_are_few_or_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tampered().folder(tmp_path / "log"))
    few = audit(folder, Wanted(parse_vkey(LOG_VKEY))).as_json()
    monkeypatch.setattr(reading, "MOST_SUSPECTS", 0)
    every = audit(folder, Wanted(parse_vkey(LOG_VKEY))).as_json()
    assert few | {"seconds": 0} == every | {"seconds": 0}
    assert {found["code"] for found in few["defects"]} >= {"entry-duplicate", "version-gap", "entry-source"}


@pytest.mark.usefixtures("_many_runs")
def test_helpers_read_a_served_log_and_pass_on_what_its_server_says(tmp_path: Path) -> None:
    serving = Serving(Forged(entries(SIZE), [SIZE]).files, token="t")
    with serve(serving) as url:
        from cadena_verify.served import Http
        from cadena_verify.source import Refused

        assert not audit(Http(url, "t"), Wanted(parse_vkey(LOG_VKEY), jobs=2)).defects_total
        with pytest.raises(Refused, match="needs a token"):
            audit(Http(url), Wanted(parse_vkey(LOG_VKEY), jobs=2, depth=Depth.HASHES))


def test_a_helper_that_is_killed_ends_the_reading_with_a_sentence(tmp_path: Path) -> None:
    folder = Folder(Forged(entries(SIZE), [SIZE]).folder(tmp_path / "log"))
    helpers = crews.Helpers(folder, 2)
    try:
        runs = helpers.scan(Plan(SIZE, frozenset(), None), (range(n, n + 1) for n in range(11)))
        next(runs)
        for process in helpers.processes:
            os.kill(process.pid or 0, signal.SIGKILL)
        with pytest.raises(Unreadable, match="A helper process ended"):
            list(runs)
    finally:
        helpers.close()
    assert not any(process.is_alive() for process in helpers.processes)


def test_a_large_plan_does_not_block_two_processes_that_talk_to_each_other(tmp_path: Path) -> None:
    folder = Folder(Forged(entries(SIZE), [SIZE]).folder(tmp_path / "log"))
    helpers = crews.Helpers(folder, 1)
    try:
        watch = Watch(ids=frozenset(range(300_000)))
        for _ in range(2):
            runs = (range(n, n + 1) for n in range(11))
            assert len(list(helpers.scan(Plan(SIZE, frozenset(), None, watch), runs))) == 11
    finally:
        helpers.close()


def test_what_fails_in_a_helper_is_raised_here(tmp_path: Path) -> None:
    folder = Folder(Forged(entries(300), [300]).folder(tmp_path / "log"))
    helpers = crews.Helpers(folder, 1)
    try:
        with pytest.raises(RuntimeError, match="ValueError: no plan came before the first run"):
            list(helpers._each("scan", [range(1)], 1))
    finally:
        helpers.close()


def stalled(tmp_path: Path) -> Path:
    """A log whose fourth bundle is a pipe that nobody writes to: reading it never ends."""
    log = Forged(entries(66_000), [66_000]).folder(tmp_path / "log")
    (log / "tile/entries/200").unlink()
    os.mkfifo(log / "tile/entries/200")
    return log


@pytest.mark.parametrize(("send", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, 3)])
def test_an_interrupt_and_a_killed_helper_end_the_program(tmp_path: Path, send: signal.Signals, code: int) -> None:
    log = stalled(tmp_path)
    argv = [sys.executable, "-m", "cadena_verify", str(log), "--vkey", LOG_VKEY, "--jobs", "2", "--quiet"]
    running = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        helpers = until_children(running.pid, 2)
        if send is signal.SIGINT:
            os.killpg(running.pid, send)
        else:
            os.kill(helpers[0], send)
        _, said = running.communicate(timeout=DEADLINE_SECONDS)
    finally:
        running.kill()
    assert running.returncode == code, said
    assert "Traceback" not in said
    assert ("interrupted" if code == 130 else "A helper process ended") in said
    until_gone(helpers)


ORPHANS = """
import sys, time
from pathlib import Path
from cadena_verify.crew import Helpers
from cadena_verify.source import Folder
helpers = Helpers(Folder(Path(sys.argv[1])), 3)
print(*[process.pid for process in helpers.processes], flush=True)
sys.stdin.read()
"""


def test_helpers_end_when_the_program_is_killed(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", ORPHANS, str(tmp_path)]
    running = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    helpers = [int(pid) for pid in running.stdout.readline().split()]
    assert all(command(pid) for pid in helpers)
    running.kill()
    running.wait()
    assert len(helpers) == 3
    until_gone(helpers)
    running.communicate()  # both ends of it are closed


@pytest.mark.parametrize("forked", [True, False])
def test_helpers_work_as_copies_and_as_processes_started_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forked: bool
) -> None:
    monkeypatch.setattr(crews, "_may_fork", lambda: forked)
    helpers = crews.Helpers(Folder(Forged(entries(SIZE), [SIZE]).folder(tmp_path / "log")), 2)
    try:
        runs = list(helpers.scan(Plan(SIZE, frozenset(), None), (range(n, n + 1) for n in range(11))))
        assert all(run.bundles[0].root for run in runs)
        assert all((b"spawn_main" in command(process.pid or 0)) is not forked for process in helpers.processes)
    finally:
        helpers.close()


def test_a_process_of_several_threads_is_not_copied() -> None:
    ended = threading.Event()
    other_thread = threading.Thread(target=ended.wait)
    other_thread.start()
    try:
        assert not crews._may_fork()
    finally:
        ended.set()
        other_thread.join()


def until_children(pid: int, count: int) -> list[int]:
    """The helpers, once they are there and have begun to read."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        found = children(pid)
        if len(found) == count and any(opened(child) for child in found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def opened(pid: int) -> bool:
    """Whether the process is at work on the log: it waits for the pipe."""
    try:
        return Path(f"/proc/{pid}/wchan").read_text() in ("wait_for_partner", "fifo_open", "pipe_read", "0")
    except OSError:
        return False


def until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while any(command(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_number_of_processes_is_checked() -> None:
    argv = [sys.executable, "-m", "cadena_verify", "/nowhere", "--vkey", LOG_VKEY, "--jobs"]
    for wrong in ("0", "-1", "x", "257", "1" * 5000):
        ran = subprocess.run([*argv, wrong], capture_output=True, text=True, check=False)
        assert (ran.returncode, "Traceback" in ran.stderr) == (2, False)


def test_hashes_alone_say_nothing_of_what_entries_mean(tmp_path: Path) -> None:
    wrong = [*entries(300), b"no event at all"]
    folder = Forged(wrong, [300, 301]).folder(tmp_path / "log")
    argv = [sys.executable, "-m", "cadena_verify", str(folder), "--vkey", LOG_VKEY, "--json", "--hashes-only"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    report = json.loads(ran.stdout)
    assert (ran.returncode, report["rebuilt"], "entries" in report) == (0, 301, False)
    (folder / "tile/entries/000").write_bytes(other(3))
    assert subprocess.run(argv, capture_output=True, check=False).returncode == 1
    refused = subprocess.run([*argv, "--promises", str(tmp_path)], capture_output=True, text=True, check=False)
    assert refused.returncode == 2

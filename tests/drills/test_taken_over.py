"""Two of a kind (design 3.8, 3.13): one works and the other waits; who stands still is passed over, and does no harm."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.commands import CHECKOUT
from deploy.local.environment import base_environment
from deploy.local.ports import free_ports
from deploy.local.process import Process
from deploy.local.waiting import wait_until
from deploy.local.wiring import PROCESSES
from tests.chaos import demands
from tests.drills.yard import SECONDS, Yard, measured

QUICK = {"CADENA_HEARTBEAT_SECONDS": "0.5", "CADENA_HEARTBEAT_OLD_SECONDS": "8"}


@contextmanager
def twin(yard: Yard, name: str, **more: str) -> Iterator[tuple[Process, int]]:
    """A second process of the same kind, with the same login, keys and folder, on a port of its own."""
    service, role = PROCESSES[name]
    (port,) = free_ports(1)
    environment = base_environment() | yard.stack.wiring.environment(name) | {"CADENA_LISTEN_PORT": str(port)} | more
    argv = [sys.executable, "-m", f"services.{service}", role]
    process = Process(f"{name} twin {port}", argv, yard.stack.state, env=environment, cwd=CHECKOUT)
    process.start()
    try:
        yield process, port
    finally:
        process.stop()


def gone(yard: Yard, process: Process) -> int:
    """Wait for a process to end by itself; its exit code."""
    wait_until(lambda: process.pid is None, SECONDS, f"{process.name} to end")
    assert process.exit_code is not None
    return process.exit_code


def lockers(yard: Yard, service: str, name: str) -> int:
    """How many backends with this application name hold an advisory lock."""
    return int(yard.sql("postgres", (
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted"
        f" AND a.application_name = '{name}' AND a.datname = '{service}'"
    )))  # fmt: skip


def test_g8_of_two_writers_one_writes_and_one_paused_past_its_time_commits_and_signs_nothing_more(
    yard: Yard, tmp_path: Path
) -> None:
    yard.until(yard.mayhem.is_ready, "everything to be ready")
    yard.stack.kill("audit writer")
    with twin(yard, "audit writer", **QUICK) as (first, first_port):
        yard.until(lambda: measured(first_port, "cadena_audit_size"), "the first writer to be at work")
        epoch = measured(first_port, "cadena_audit_epoch")
        with twin(yard, "audit writer", **QUICK) as (_, second_port):
            yard.until(lambda: "waiting for the lock" in yard.said(second_port), "the newcomer to wait")
            kept = [yard.sample() for _ in range(30)]
            yard.until(lambda: yard.log.look() and yard.log.missing(kept) == 0, "the first to seal them")
            assert measured(first_port, "cadena_audit_epoch") == epoch, f"a healthy writer is gone: {first.tail()}"

            first.signal(signal.SIGSTOP)
            risk = [yard.sample("lab_2") for _ in range(10)]
            yard.until(lambda: measured(second_port, "cadena_audit_epoch") == epoch + 1, "the second to take over")
            yard.until(lambda: yard.log.look() and yard.log.missing(risk) == 0, "the second to seal them")
            signed = yard.sql("audit", "SELECT count(*) FROM head WHERE epoch <= " + str(int(epoch)))
            first.signal(signal.SIGCONT)
            assert gone(yard, first) not in (0, None), "a writer that was passed over ends"
            later = [yard.sample() for _ in range(5)]
            yard.until(lambda: yard.log.look() and yard.log.missing(later) == 0, "the second to go on")
            assert yard.sql("audit", "SELECT count(*) FROM head WHERE epoch <= " + str(int(epoch))) == signed
            assert lockers(yard, "audit", "cadena audit writer") == 1
    yard.start("audit writer")
    demands.one_head_for_a_size(yard.mayhem)
    yard.all_is_well(tmp_path / "promises")


def test_g8_a_writer_whose_backend_is_ended_ends_and_another_goes_on(yard: Yard) -> None:
    yard.until(yard.mayhem.is_ready, "everything to be ready")
    yard.sql("postgres", (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cadena audit writer'"
    ))  # fmt: skip
    assert gone(yard, yard.stack.process("audit writer")) not in (0, None)
    kept = yard.sample()
    yard.start("audit writer")
    yard.until(lambda: yard.log.look() and yard.log.missing([kept]) == 0, "the next writer to seal it")


@pytest.mark.parametrize("service", ["custody", "notify"])
def test_g1_of_two_workers_one_publishes_and_one_that_stands_still_is_passed_over(
    yard: Yard, tmp_path: Path, service: str
) -> None:
    name = f"{service} worker"
    yard.until(yard.mayhem.is_ready, "everything to be ready")
    lock = f"relay cadena.{service}.v1 lock"
    with twin(yard, name) as (second, _):
        yard.until(lambda: second.pid is not None and lockers(yard, service, lock) == 1, "one relay")
        holder = relay_of(yard, lock)
        first = yard.stack.process(name)
        first.signal(signal.SIGSTOP)
        try:
            kept = yard.sample()
            yard.until(lambda: relay_of(yard, lock) not in (holder, ""), "the other relay to take over")
            yard.until(lambda: yard.log.look() and yard.log.missing([kept]) == 0, "what was recorded to be sealed")
        finally:
            first.signal(signal.SIGCONT)
        yard.until(lambda: lockers(yard, service, lock) == 1, "one relay")
        more = yard.sample()
        yard.until(lambda: yard.log.look() and yard.log.missing([more]) == 0, "one relay to go on")
    yard.all_is_well(tmp_path / "promises")


def relay_of(yard: Yard, lock: str) -> str:
    """The backend that holds a relay's lock."""
    return yard.sql("postgres", (
        "SELECT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
        f" AND l.granted AND a.application_name = '{lock}'"
    ))  # fmt: skip


def test_g8_a_database_server_that_stands_still_for_a_while_changes_no_writer(yard: Yard, tmp_path: Path) -> None:
    yard.until(yard.mayhem.is_ready, "everything to be ready")
    epoch = yard.metric("audit writer", "cadena_audit_epoch")
    with twin(yard, "audit writer", **QUICK) as (_, port):
        yard.until(lambda: "waiting for the lock" in yard.said(port), "the newcomer to wait")
        backends = yard.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE datname = 'audit'").split()
        for pid in backends:
            os.kill(int(pid), signal.SIGSTOP)
        kept = yard.sample()
        for pid in backends:
            os.kill(int(pid), signal.SIGCONT)
        yard.until(lambda: yard.log.look() and yard.log.missing([kept]) == 0, "the writer to go on")
        assert yard.metric("audit writer", "cadena_audit_epoch") == epoch
    yard.all_is_well(tmp_path / "promises")

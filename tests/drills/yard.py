"""What every drill does: dumps and restores, stops and starts, and the client's own list held against the log."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2

from deploy.local.commands import CHECKOUT
from deploy.local.databases import close_to_public, ensure_databases, run_sql
from deploy.local.environment import base_environment
from deploy.local.postgres import binaries
from deploy.local.process import Process
from deploy.local.waiting import wait_until
from tests.chaos.callers import SAMPLES, Kept
from tests.chaos.jobs import Office
from tests.chaos.ledger import metric, verdict
from tests.chaos.mayhem import Mayhem
from tests.chaos.post import counsel_becomes_reachable

SECONDS = 120.0
OF_SERVICE = {
    "custody": ("custody api", "custody worker"),
    "notify": ("notify api", "notify worker"),
    "audit": ("audit writer", "audit api"),
}


class Yard:
    """One installation, and what was answered in it."""

    def __init__(self, mayhem: Mayhem, rng: random.Random) -> None:
        self.mayhem, self.stack, self.rng = mayhem, mayhem.stack, rng
        self.callers, self.log = mayhem.callers, mayhem.log
        self.until(mayhem.is_ready, "everything to be ready")
        self.office = Office(self.stack, self.callers, 0xD2177)
        counsel_becomes_reachable(mayhem, self.office, rng)
        self._number = 0

    def until(self, condition: Any, what: str) -> Any:
        """Wait, without starting again whatever a drill has stopped."""
        return wait_until(condition, SECONDS, what, poll=0.1)

    def sample(self, who: str = "lab") -> Kept:
        """One more sample."""
        self._number += 1
        return self.office.register(who, self._number, self.rng)

    def hold(self, sample: str, who: str = "court") -> Kept:
        """A hold on it."""
        body = {"sample": sample, "reason": "Se pidió un nuevo análisis."}
        return self.callers.do("custody", who, "/v1/holds", body, self.rng)

    def ask(self, service: str, who: str, method: str, path: str, **given: Any) -> httpx2.Response:
        """One request, once, whatever the answer."""
        headers = {"Authorization": f"Bearer {self.stack.token(who)}"} | given.pop("headers", {})
        return httpx2.request(
            method, self.stack.wiring.url(f"{service} api") + path, headers=headers, timeout=30, **given
        )

    def sql(self, service: str, query: str) -> str:
        """What the owner of a database sees; `postgres` is for the server's administrator."""
        admin = self.stack.backends.admin_url
        return run_sql(admin if service == "postgres" else self.stack.wiring.databases[service]["owner"], query)

    def sealed(self) -> None:
        """Wait until all that was acknowledged is in the log, and both workers have read it."""
        self.until(lambda: self.log.look() and self.mayhem.all_sealed(), "everything to be sealed")
        self.until(lambda: self.mayhem.is_read(len(self.log.leaves)), "the workers to have read it")

    def published(self) -> None:
        """Wait until custody's relay has put everything into its topic."""
        waiting = "SELECT count(*) FROM event e WHERE NOT EXISTS (SELECT FROM publication p WHERE p.event_seq = e.seq)"
        waiting += " AND NOT EXISTS (SELECT FROM sealed s WHERE s.event_id = e.id)"
        self.until(lambda: self.sql("custody", waiting) == "0", "everything to be in the topic")

    def dump(self, service: str, folder: Path) -> Path:
        """A service's database by pg_dump, while everything runs."""
        file = folder / f"{service}.dump"
        self._run("pg_dump", self._within(service), "-Fc", "-f", str(file))
        return file

    def restore(self, service: str, file: Path) -> None:
        """A database in place of the one that is lost, by pg_restore, as its owner's administrator would."""
        admin = self.stack.backends.admin_url
        run_sql(admin, f'DROP DATABASE "{service}" WITH (FORCE)')
        ensure_databases(admin, services=[service])
        self._run("pg_restore", self._within(service), "--exit-on-error", str(file))
        close_to_public(admin, services=[service])

    def stop(self, service: str) -> None:
        """End a service's processes, as if with their machine."""
        for name in OF_SERVICE[service]:
            self.stack.kill(name)

    def start(self, *names: str) -> None:
        """Start processes, and wait until they answer."""
        for name in names:
            self.stack.restart(name)
        for name in names:
            self.until(lambda name=name: self.answers(name), f"{name} to answer")

    def run(self, service: str, *argv: str) -> tuple[int, str]:
        """A process that ought to end by itself: its exit code, and what it said."""
        environment = base_environment() | self.stack.wiring.environment(f"{service} {argv[0]}")
        whole = [sys.executable, "-m", f"services.{service}", *argv]
        ran = subprocess.run(
            whole, capture_output=True, text=True, check=False, env=environment, cwd=CHECKOUT, timeout=SECONDS
        )
        return ran.returncode, ran.stdout + ran.stderr

    def answers(self, name: str) -> bool:
        """Whether a process's probe answers at all."""
        try:
            return httpx2.get(f"{self.stack.wiring.url(name)}/healthz", timeout=5).status_code == 200
        except httpx2.HTTPError:
            return False

    def readiness(self, name: str) -> str:
        """What a process says of itself."""
        return self.said(self.stack.wiring.ports[name])

    def said(self, port: int) -> str:
        """What the process on a port says of itself."""
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/readyz", timeout=10).text
        except httpx2.HTTPError as error:
            return str(error)

    @contextmanager
    def frozen(self, name: str) -> Iterator[Process]:
        """A process that stands still for the block."""
        process = self.stack.process(name)
        process.signal(signal.SIGSTOP)
        try:
            yield process
        finally:
            process.signal(signal.SIGCONT)

    def metric(self, process: str, name: str, **labels: str) -> float:
        """One measure."""
        return metric(self.stack, process, name, **labels)

    def rebuilt(self) -> str:
        """What `rebuild --check` says of custody's state."""
        environment = base_environment() | {"CADENA_DATABASE_URL": self.stack.wiring.databases["custody"]["owner"]}
        argv = [sys.executable, "-m", "services.custody", "rebuild", "--check"]
        ran = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, cwd=CHECKOUT)
        return f"{ran.returncode}: {ran.stdout.strip().splitlines()[-1]}{ran.stderr}"

    def all_is_well(self, folder: Path, more_promises: list[str] | None = None) -> dict[str, Any]:
        """The log holds every acknowledged act once, the verifier finds every promise kept, state is what facts say."""
        self.until(self.mayhem.is_ready, "everything to be ready")
        self.sealed()
        registered = [leaf for leaf in self.log.leaves if leaf.event["type"].endswith("sample.registered.v1")]
        assert len(registered) == len([one for one in self.callers.kept if one.path == SAMPLES and one.status == 201])
        folder.mkdir(exist_ok=True)
        promises = [promise for one in self.callers.kept for promise in one.promises] + (more_promises or [])
        report = verdict(self.stack, promises, folder)
        assert report["promises"] == {"fulfilled": len(promises), "pending": 0, "broken": 0, "forged": 0}
        assert self.rebuilt().startswith("0: "), self.rebuilt()
        return report

    def _within(self, service: str) -> str:
        return urlunsplit(urlsplit(self.stack.backends.admin_url)._replace(path=f"/{service}"))

    @staticmethod
    def _run(tool: str, url: str, *arguments: str) -> None:
        argv = [str(binaries() / tool), "-d", url, *arguments]
        ran = subprocess.run(argv, capture_output=True, text=True, check=False, env=base_environment())
        assert ran.returncode == 0, ran.stderr


def measured(port: int, name: str) -> float:
    """One sample without labels of the process on a port, 0 while there is none."""
    try:
        lines = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text.splitlines()
    except httpx2.HTTPError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0.0)

"""The whole stack in one state folder: backends, the six processes, founding and seeding.

Demo, serve, tests and chaos use this class; `up()` does all steps in order. Start it from the main thread.
"""

import fcntl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

import httpx2

from deploy.local.backends import Backends
from deploy.local.cast import INSTALLATION, MEMBERS, REGISTRAR, SHOWN, audiences, founders
from deploy.local.commands import CHECKOUT, keys, migrate, run_service
from deploy.local.databases import close_to_public, ensure_databases, ensure_roles, service_urls
from deploy.local.environment import base_environment
from deploy.local.files import open_private, private_folder, read_json, write_json, write_private
from deploy.local.issuer import ISSUER, DevIssuer
from deploy.local.ports import kept_ports
from deploy.local.problem import StackProblem
from deploy.local.process import STOP_SECONDS, Process
from deploy.local.seed import Directory, seed
from deploy.local.topics import make_topics
from deploy.local.waiting import wait_until
from deploy.local.wiring import PROCESSES, TOKEN_SECONDS, WORKERS, Wiring
from deploy.setup.founding import completed

READY_SECONDS = 60.0
LEDGER_TOKEN_SECONDS = 24 * 3600


class Stack:
    """One installation on this machine; a second stack on the same folder is refused while the first lives."""

    def __init__(self, state: Path, *, database_suffix: str = "", topic_prefix: str = "") -> None:
        self.state = private_folder(state).resolve()
        self._lock: IO[str] | None = self._take_lock()
        self._suffix = database_suffix
        self.backends = Backends(self.state)
        self.issuer = DevIssuer(self.state)
        ports = kept_ports(read_json(self.state / "ports.json") or {}, list(PROCESSES))
        write_json(self.state / "ports.json", ports)
        self.wiring = Wiring(
            state=self.state,
            ports=ports,
            databases=service_urls(self.backends.admin_url, database_suffix),
            kafka=self.backends.kafka_operator,
            topic_prefix=topic_prefix,
            smtp_url=self.backends.smtp_url,
            jwks=self.issuer.jwks,
        )
        self.services = {name: self._process(name) for name in PROCESSES}

    @property
    def directory(self) -> Directory:
        """Who was seeded: `organisations` and `persons`, key of `cast.py` → id; raises StackProblem before `seed`."""
        kept: Directory | None = read_json(self.state / "seed.json")
        if kept is None:
            raise StackProblem("This installation is not seeded yet.")
        return kept

    @property
    def vkey(self) -> str:
        """The log's public key, from which all trust starts."""
        return self.wiring.vkey_file.read_text().strip()

    def up(self) -> None:
        """All steps: backends, databases, keys, topics, founding, processes, seed, stack.json."""
        self.backends.start()
        self.prepare()
        self.found()
        self.start_services()
        self.wait_ready()
        self.seed()
        self.write_stack_json()

    def prepare(self) -> None:
        """Databases, roles, migrations, keys, topics, ledger tokens. What is there already stays as it is."""
        ensure_roles(self.backends.admin_url)
        ensure_databases(self.backends.admin_url, self._suffix)
        for sentence in close_to_public(self.backends.admin_url, self._suffix):
            print(f"cadena: {sentence}", file=sys.stderr)
        services = list(self.wiring.databases)
        for service in services:
            private_folder(self.wiring.keys_dir(service))
            private_folder(self.wiring.service_state(service))
        with ThreadPoolExecutor(len(services)) as side_by_side:
            migrating = [side_by_side.submit(migrate, s, self.wiring.databases[s]["owner"]) for s in services]
            making = {s: side_by_side.submit(keys, s, self.wiring.keys_environment(s)) for s in services}
            for migration in migrating:
                migration.result()
            public = {service: made.result() for service, made in making.items()}
        write_json(self.state / "public-keys.json", public)
        write_private(self.wiring.vkey_file, public["audit"]["log_vkey"].encode() + b"\n")
        self.make_topics()
        self.renew_ledger_tokens()

    def make_topics(self) -> None:
        """The three topics, users and rights, where they are missing: on a new broker, or after its data was lost."""
        make_topics(self.wiring)

    def renew_ledger_tokens(self) -> None:
        """New tokens for the workers, which read the file at each use."""
        for process in WORKERS:
            path = self.wiring.ledger_token_file(process)
            private_folder(path.parent)
            subject = f"service:{process.replace(' ', '-')}"
            token = self.issuer.mint(subject, ["audit"], ["ledger:read"], LEDGER_TOKEN_SECONDS)
            write_private(path, token.encode() + b"\n")

    def found(self) -> str:
        """Record leaf 0, once; what `custody found` printed. A repetition finds it recorded."""
        document = self.state / "founding.json"
        public: dict[str, dict[str, str]] = read_json(self.state / "public-keys.json") or {}
        write_json(document, completed(founders(ISSUER), INSTALLATION, public))
        return run_service("custody", "found", str(document), env=self.wiring.environment("custody api"))

    def seed(self) -> None:
        """Institutions, persons and accounts, by the registrar over HTTP."""
        directory = seed(self.wiring.url("custody api"), self.token(REGISTRAR), ISSUER)
        write_json(self.state / "seed.json", directory)

    def token(self, member: str, lifetime: int = TOKEN_SECONDS) -> str:
        """An access token for an account of `cast.py`; its role says what it may do, so no scope narrows it."""
        return self.issuer.mint(member, audiences(MEMBERS[member]), [], lifetime)

    def start_services(self) -> None:
        """Start the six processes that do not run."""
        for process in self.services.values():
            if process.pid is None:
                process.start()

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        """Wait until all six say so; raises StackProblem naming the one that does not and what it says."""
        said: dict[str, str] = {}
        with httpx2.Client(timeout=10) as client:

            def all_ready() -> bool:
                for name, process in self.services.items():
                    process.demand_running()
                    said[name] = _readiness(client, self.wiring.url(name))
                return all(word == "ready" for word in said.values())

            try:
                wait_until(all_ready, seconds, "every process to be ready")
            except StackProblem as problem:
                waiting = [f"  {name}: {word}" for name, word in said.items() if word != "ready"]
                raise StackProblem("\n".join([str(problem), *waiting])) from problem

    def process(self, name: str) -> Process:
        """A process of the six, or `kafka`, `postgres`, `mail` where they are ours."""
        everything = self.services | self.backends.processes
        if name not in everything:
            raise StackProblem(f"There is no process {name} of ours; there are {', '.join(everything)}.")
        return everything[name]

    def kill(self, name: str) -> None:
        """SIGKILL one process, as a crash would."""
        self.process(name).kill()

    def restart(self, name: str) -> None:
        """Start one process that ended; a backend answers when this returns, a service may still be getting ready."""
        if name in self.services:
            self.services[name].start()
        else:
            self.backends.start(name)
            if name == "kafka":
                self.make_topics()
        self.write_stack_json()

    def stop(self) -> None:
        """Ask all to stop, wait up to ten seconds, then SIGKILL; services first, then Kafka, then PostgreSQL."""
        for process in self.services.values():
            process.signal(process.stop_signal)
        for process in self.services.values():
            process.finish(STOP_SECONDS)
        self.backends.stop()
        (self.state / "stack.json").unlink(missing_ok=True)
        self._release()

    def kill_all(self) -> None:
        """End everything at once."""
        for process in (self.services | self.backends.processes).values():
            process.kill()
        self.backends.stop()
        self._release()

    def stack_json(self) -> dict[str, Any]:
        """Where everything is, with a token per role; what tools and tests read from `stack.json`."""
        url = self.wiring.url
        data, folder = self.backends.kafka_data, self.backends.mail_folder
        return {
            "custody": {"url": url("custody api")},
            "audit": {"url": url("audit api"), "log_url": url("audit api"), "vkey": self.vkey},
            "notify": {"url": url("notify api")},
            "kafka": self._kafka_json() | {"data": None if data is None else str(data)},
            "postgres": self.wiring.databases,
            "mail": {"folder": None if folder is None else str(folder)},
            "tokens": {member: self.token(member) for member in SHOWN},
            "pids": {name: process.pid for name, process in (self.services | self.backends.processes).items()},
        }

    def _kafka_json(self) -> dict[str, Any]:
        operator, users = self.wiring.kafka, dict(self.wiring.kafka_passwords)
        if operator.sasl_username and operator.sasl_password:
            users[operator.sasl_username] = operator.sasl_password
        return {
            "bootstrap_servers": operator.bootstrap_servers,
            "security_protocol": operator.security_protocol,
            "sasl_mechanism": operator.sasl_mechanism if users else None,
            "users": users,
        }

    def write_stack_json(self) -> None:
        """Write `<state>/stack.json`, mode 0600."""
        write_json(self.state / "stack.json", self.stack_json())

    def _process(self, name: str) -> Process:
        service, role = PROCESSES[name]
        argv = [sys.executable, "-m", f"services.{service}", role]
        return Process(name, argv, self.state, env=base_environment() | self.wiring.environment(name), cwd=CHECKOUT)

    def _take_lock(self) -> IO[str]:
        lock = open_private(self.state / "stack.lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            lock.close()
            raise StackProblem(
                f"A stack already runs on {self.state}. Use that one, or stop it with: make down"
            ) from held
        return lock

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _readiness(client: httpx2.Client, url: str) -> str:
    """`ready`, or what the process says instead."""
    try:
        answer = client.get(f"{url}/readyz")
    except httpx2.HTTPError as error:
        return f"does not answer: {error}"
    return "ready" if answer.status_code == httpx2.codes.OK else answer.text[:500]

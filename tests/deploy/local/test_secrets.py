"""No secret of a running stack stands in a command line or in a log."""

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit

from deploy.local.stack import Stack
from deploy.local.wiring import PROCESSES, SPEAK_TO_KAFKA


def _secrets(stack: Stack) -> dict[str, str]:
    """Everything that lets one in: name → text."""
    found = {f"kafka {name}": password for name, password in stack.stack_json()["kafka"]["users"].items()}
    kept = json.loads((stack.state / "kafka.json").read_text()) if stack.backends.kafka else {"passwords": {}}
    found |= {f"kafka {name}": password for name, password in kept["passwords"].items()}
    for service, roles in stack.wiring.databases.items():
        for role, url in roles.items():
            found[f"{service} {role}"] = unquote(urlsplit(url).password or "")
    found["administrator"] = unquote(urlsplit(stack.backends.admin_url).password or "")
    for file in [*(stack.state / "tokens").iterdir(), *(stack.state / "keys").rglob("*.pem")]:
        found[file.name] = file.read_text().strip().splitlines()[-2 if file.suffix == ".pem" else -1]
    return found


def test_no_secret_stands_in_a_command_line_or_a_log(stack: Stack) -> None:
    secrets = _secrets(stack)
    assert len(secrets) >= 16
    assert all(len(text) > 15 for text in secrets.values()), [name for name, text in secrets.items() if len(text) < 16]
    running = {name: process.pid for name, process in (stack.services | stack.backends.processes).items()}
    assert set(PROCESSES) <= set(running)
    for name, pid in running.items():
        assert pid is not None, f"{name} has ended by itself: {stack.process(name).log.read_text()[-4000:]}"
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        assert line
        assert not [secret for secret, text in secrets.items() if text in line], name
    logs = sorted((stack.state / "logs").iterdir())
    assert len(logs) >= len(running)
    for log in logs:
        told = log.read_text(errors="replace")
        assert not [secret for secret, text in secrets.items() if text in told], log.name
    shown = [path for path in stack.state.rglob("*.json") if path.stat().st_mode & 0o077]
    assert shown == []


def test_each_process_has_its_own_passwords_in_its_environment_and_no_others(stack: Stack) -> None:
    users = stack.stack_json()["kafka"]["users"]
    for name in PROCESSES:
        environment = Path(f"/proc/{stack.process(name).pid}/environ").read_bytes().decode()
        known = {user for user, password in users.items() if password in environment}
        own = stack.wiring.kafka_as(name).sasl_username if name in SPEAK_TO_KAFKA else None
        assert known == ({own} if own else set()), name

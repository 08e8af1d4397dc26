"""`docker-compose.yml` is parsed, not run: it names what the processes read, pins its images, checks every service."""

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from deploy.kafka.rights import RIGHTS
from deploy.local.jars import ENDPOINT
from deploy.local.postgres import SETTINGS, binaries
from deploy.setup.secrets import LOGINS, write
from services.audit import settings as audit
from services.custody import settings as custody
from services.notify import settings as notify
from shared.settings import KafkaSettings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
READS: dict[str, tuple[type[BaseSettings], ...]] = {
    "custody-api": (custody.ApiSettings,),
    "custody-worker": (custody.WorkerSettings, KafkaSettings),
    "audit-writer": (audit.WriterSettings, KafkaSettings),
    "audit-api": (audit.ApiSettings,),
    "notify-api": (notify.ApiSettings,),
    "notify-worker": (notify.WorkerSettings, KafkaSettings),
}


def variables(process: str, *, required: bool) -> set[str]:
    """The environment variables of a process: all, or those without a default."""
    return {
        f"{kind.model_config['env_prefix']}{name}".upper()
        for kind in READS[process]
        for name, field in kind.model_fields.items()
        if field.is_required() or not required
    }


def mounted(name: str) -> dict[str, str]:
    """A service's secrets: name of the file under /run/secrets → name of the secret."""
    given = SERVICES[name].get("secrets", [])
    return {one: one for one in given if isinstance(one, str)} | {
        one["target"]: one["source"] for one in given if not isinstance(one, str)
    }


def told(process: str) -> set[str]:
    """The variables that a process is told, by its environment or by a file that it reads as one."""
    env: dict[str, str] = SERVICES[process].get("environment", {})
    assert env["CADENA_SECRETS_DIR"] == "/run/secrets"
    files = {file.upper() for file in mounted(process) if file.startswith("cadena_")}
    return ({name for name in env if name.startswith("CADENA_")} | files) - {"CADENA_SECRETS_DIR"}


@pytest.mark.parametrize("process", READS)
def test_a_process_is_told_what_it_must_know_and_nothing_else(process: str) -> None:
    assert variables(process, required=True) <= told(process)
    assert told(process) <= variables(process, required=False)


@pytest.mark.parametrize("process", READS)
def test_a_process_has_its_own_login_and_command(process: str) -> None:
    service, role = process.split("-")
    assert SERVICES[process]["command"] == ["python", "-m", f"services.{service}", role]
    assert mounted(process)["cadena_database_url"] == f"{service}_{role}_database_url"


@pytest.mark.parametrize("process", READS)
def test_who_speaks_to_kafka_does_so_as_itself_and_no_other_is_told_of_it(process: str) -> None:
    user = process.replace("-", "_")
    env, speaks = SERVICES[process]["environment"], KafkaSettings in READS[process]
    assert speaks == (user in RIGHTS)
    assert env.get("CADENA_KAFKA_SASL_USERNAME") == (user if speaks else None)
    assert mounted(process).get("cadena_kafka_sasl_password") == (f"kafka_{user}_password" if speaks else None)


def test_nobody_has_a_secret_but_who_needs_it() -> None:
    roles = [f"{service}_{role}" for service, logins in LOGINS.items() for role in logins]
    needs = {
        "postgres": {"postgres_password", *(f"{role}_password" for role in roles)},
        "kafka": {"kafka_broker_password", "kafka_operator_password"},
        "kafka-setup": {"kafka_operator_password", *(f"kafka_{user}_password" for user in RIGHTS)},
        "setup": {f"{service}_owner_database_url" for service in LOGINS} | {"custody_api_database_url"},
    }
    for process in READS:
        user = process.replace("-", "_")
        needs[process] = {f"{user}_database_url"} | ({f"kafka_{user}_password"} if user in RIGHTS else set())
        needs[process] |= {"ledger_token"} if "worker" in process else set()
    assert {name: set(mounted(name).values()) for name in SERVICES if mounted(name)} == needs


def test_every_secret_is_a_file_that_is_made_and_none_stands_in_an_environment(tmp_path: Path) -> None:
    made = set(write(tmp_path / "secrets"))
    files = {name: one["file"] for name, one in COMPOSE["secrets"].items() if name != "ledger_token"}
    assert set(files) == made
    assert files == {name: f"${{CADENA_SECRETS:-./secrets}}/{name}" for name in made}
    assert not re.search(r"(PASSWORD|SECRET|TOKEN)\w*:[?-]?\}|//\w+:[^/@\s]+@", yaml.safe_dump(SERVICES))
    kept = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert write(tmp_path / "secrets") == []
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == kept
    assert len({text for name, text in kept.items() if name.endswith("_password")}) == 15
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_no_process_mounts_the_keys_of_another_service() -> None:
    for process in READS:
        volumes = [volume.split(":")[0] for volume in SERVICES[process].get("volumes", [])]
        keys = [volume for volume in volumes if volume.endswith("-keys")]
        assert set(keys) <= {f"{process.split('-')[0]}-keys"}


def test_the_database_server_logs_no_row() -> None:
    assert SERVICES["postgres"]["command"] == ["postgres", "-c", "log_error_verbosity=terse"]
    assert SETTINGS["log_error_verbosity"] == "terse"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_pinned_and_has_a_health_check(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?", image), image
    if name == "kafka-setup":
        assert SERVICES[name]["healthcheck"] == {"disable": True}, "what waits for it waits for its success"
    else:
        assert SERVICES[name]["healthcheck"]["test"]


def test_the_broker_and_the_database_are_the_versions_that_are_tested_here() -> None:
    assert SERVICES["kafka"]["image"].rpartition(":")[2] == ENDPOINT.split(":")[2].partition("+")[0]
    asked = subprocess.run([binaries() / "postgres", "--version"], capture_output=True, text=True, check=True)
    assert SERVICES["postgres"]["image"].startswith(f"postgres:{asked.stdout.split()[-1]}-")


def test_set_up_runs_once_and_every_process_waits_for_its_success() -> None:
    for once in ("setup", "kafka-setup"):
        assert SERVICES[once]["restart"] == "no"
    for process in READS:
        assert SERVICES[process]["depends_on"] == {
            once: {"condition": "service_completed_successfully"} for once in ("setup", "kafka-setup")
        }
        assert SERVICES[process]["restart"] == "unless-stopped"


def test_what_cannot_write_to_its_image_has_a_place_for_passing_files() -> None:
    for name in (*READS, "setup", "kafka-setup"):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["tmpfs"] == ["/tmp"]  # noqa: S108 - of the container


def test_everything_that_is_published_stays_on_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_files_that_are_mounted_and_copied_exist() -> None:
    mounted = [
        volume.split(":")[0]
        for one in SERVICES.values()
        for volume in one.get("volumes", [])
        if volume.startswith("./")
    ]
    copied = re.findall(r"^COPY (\S+)", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert mounted
    assert all((ROOT / path).exists() for path in [*mounted, *copied])


def test_prometheus_asks_every_process() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    assert set(job["static_configs"][0]["targets"]) == {f"{process}:8000" for process in READS}

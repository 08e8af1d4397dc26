"""`docker-compose.yml` is parsed, not run: it names what the processes read, pins its images, checks every service."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from deploy.local.postgres import SETTINGS
from deploy.setup.secrets import LOGINS
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
LOGIN = re.compile(r"postgresql://(\w+):\$\{(\w+):\?\}@postgres/(\w+)")


def variables(process: str, *, required: bool) -> set[str]:
    """The environment variables of a process: all, or those without a default."""
    return {
        f"{kind.model_config['env_prefix']}{name}".upper()
        for kind in READS[process]
        for name, field in kind.model_fields.items()
        if field.is_required() or not required
    }


def environment(process: str) -> set[str]:
    env: dict[str, str] = SERVICES[process].get("environment", {})
    return set(env)


@pytest.mark.parametrize("process", READS)
def test_a_process_is_told_what_it_must_know_and_nothing_else(process: str) -> None:
    told = {name for name in environment(process) if name.startswith("CADENA_")}
    assert variables(process, required=True) <= told
    assert told <= variables(process, required=False)


@pytest.mark.parametrize("process", READS)
def test_a_process_has_its_own_login_and_command(process: str) -> None:
    service, role = process.split("-")
    assert SERVICES[process]["command"] == ["python", "-m", f"services.{service}", role]
    login = LOGIN.fullmatch(SERVICES[process]["environment"]["CADENA_DATABASE_URL"])
    assert login is not None
    assert login.groups() == (f"{service}_{role}", f"{service}_{role}_PASSWORD".upper(), service)


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
    assert SERVICES[name]["healthcheck"]["test"]


def test_set_up_runs_once_and_every_process_waits_for_its_success() -> None:
    assert SERVICES["setup"]["restart"] == "no"
    for process in READS:
        assert SERVICES[process]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
        assert SERVICES[process]["restart"] == "unless-stopped"


def test_what_cannot_write_to_its_image_has_a_place_for_passing_files() -> None:
    for name in (*READS, "setup"):
        assert SERVICES[name]["read_only"] is True
        assert SERVICES[name]["tmpfs"] == ["/tmp"]  # noqa: S108 - of the container


def test_everything_that_is_published_stays_on_loopback() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_login_has_a_password_of_its_own() -> None:
    given = SERVICES["postgres"]["environment"]
    assert {f"{login}_PASSWORD" for login in LOGINS} == {name for name in given if name.endswith("_PASSWORD")}
    assert all(given[f"{login}_PASSWORD"] == f"${{{login}_PASSWORD:?}}" for login in LOGINS)


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

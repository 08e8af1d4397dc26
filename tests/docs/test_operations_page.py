"""docs/operations.md against the code: variables and who needs them, metrics in alarms, alarms and what to do."""

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Histogram

from tests.deploy.checkout import ROOT
from tests.deploy.test_compose import COMPOSE, READS

PAGE = (ROOT / "docs" / "operations.md").read_text()
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
SOURCES = [path for top in ("services", "shared") for path in sorted((ROOT / top).rglob("*.py"))]
NEITHER_METRIC_NOR_LABEL = {"sum", "by", "rate", "increase", "changes", "or", "and"}


def calls() -> Iterator[ast.Call]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield node


def constants(call: ast.Call) -> list[str]:
    return [str(one.value) for one in call.args if isinstance(one, ast.Constant)]


def metrics() -> dict[str, tuple[str, set[str]]]:
    """Name as Prometheus shows it → (description, labels), from every place where one is made."""
    found = {}
    for call in calls():
        kind = getattr(call.func, "id", "")
        if kind in ("Counter", "Gauge", "Histogram"):
            name, about = constants(call)
            names = ast.literal_eval(call.args[2]) if len(call.args) > 2 else []
            endings = {"Counter": ["_total"], "Gauge": [""], "Histogram": ["_bucket", "_count", "_sum"]}[kind]
            for ending in endings:
                found[name.removesuffix("_total") + ending] = (about, set(names))
    return found


def test_the_names_are_built_as_prometheus_shows_them() -> None:
    shown = {sample.name for metric in Counter("probe_one", "x", registry=None).collect() for sample in metric.samples}
    shown |= {
        sample.name for metric in Histogram("probe_two", "x", registry=None).collect() for sample in metric.samples
    }
    assert {"probe_one_total", "probe_two_bucket", "probe_two_count", "probe_two_sum"} <= shown
    assert "cadena_http_seconds_bucket" in metrics()


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alarm_asks_for_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    known = metrics()
    asked = set(re.findall(r"\b(?:cadena_\w+|up)\b", rule["expr"])) - {"cadena"}
    assert asked
    assert asked - {"up"} <= set(known)
    labels = set(re.findall(r"[{,]\s*(\w+)\s*=", rule["expr"])) | set(
        re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
    )
    for name in asked - {"up"}:
        assert labels <= known[name][1] | {"instance", "job"}, name


def test_what_the_code_calls_an_alarm_is_one() -> None:
    asked = " ".join(rule["expr"] for rule in ALERTS)
    alarming = [name for name, (about, _) in metrics().items() if about.startswith("ALARM")]
    assert len(alarming) >= 5
    assert [name for name in alarming if name not in asked] == []


def test_every_alarm_has_a_row_that_says_what_to_do() -> None:
    rows = re.findall(r"^\| `(Cadena\w+)` \| .+ \| .*\|$", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(rule["alert"] for rule in ALERTS)
    named = {constants(call)[0] for call in calls() if ast.unparse(call.func).rpartition(".")[2] == "alarm"}
    labels = PAGE[PAGE.index("Labels of `CadenaAuditAlarm`") : PAGE.index("**A writer that refuses")]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", labels, re.MULTILINE)) == named


def test_every_variable_stands_with_who_requires_it_and_its_default() -> None:
    rows = re.findall(
        r"^\| `(CADENA_\w+)` \| ([^|]*) \| ([^|]*) \| [^|]* \|$", PAGE.replace("| |", "|  |"), re.MULTILINE
    )
    said = {name: (set(required.split(", ")) - {""}, default.strip()) for name, required, default in rows}
    required: dict[str, set[str]] = {}
    defaults: dict[str, set[str]] = {}
    for process, kinds in READS.items():
        for kind in kinds:
            for field, about in kind.model_fields.items():
                name = f"{kind.model_config['env_prefix']}{field}".upper()
                required.setdefault(name, set())
                if about.is_required():
                    required[name].add(process)
                else:
                    defaults.setdefault(name, set()).add(written(about.default))
    wanted = {
        name: ({"all"} if who == set(READS) else who, ", ".join(sorted(defaults.get(name, set()))))
        for name, who in required.items()
    }
    assert {
        name: (who, ", ".join(sorted(default.split(", "))) if default else "") for name, (who, default) in said.items()
    } == wanted


def written(default: object) -> str:
    """A default as the page writes it."""
    if default is None:
        return "none"
    return "empty" if default == "" else f"`{default}`"


def test_the_set_up_names_every_variable_that_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{(CADENA_\w+)[:}]", (ROOT / "docker-compose.yml").read_text()))
    assert COMPOSE
    set_up = PAGE[PAGE.index("## Set-up") : PAGE.index("## Variables")]
    assert [name for name in sorted(asked) if f"`{name}`" not in set_up] == []

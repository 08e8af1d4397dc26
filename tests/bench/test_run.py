"""Every part still measures, at sizes too small to mean anything: the bench cannot rot unseen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest

from deploy.local.stack import Stack
from shared.kafka import KafkaConfig
from tests.bench.figures import Figure, Measured
from tests.bench.page import PARTS
from tests.bench.run import Run
from tests.bench.servers import Servers
from tests.bench.sizes import TINY
from tests.conftest import Templates


class Prepared(Servers):
    """Servers whose databases are copies of the session's migrated ones."""

    @contextmanager
    def database(self, service: str) -> Iterator[dict[str, str]]:
        yield from Prepared.templates.copy(service)

    templates: ClassVar[Templates]


@pytest.fixture(scope="module")
def told() -> list[Figure]:
    return []


@pytest.fixture(scope="module")
def run(told: list[Figure], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("bench"), TINY, None, "Go was not asked", told.append)


@pytest.fixture(scope="module")
def parts(
    run: Run, database_templates: Templates, kafka_broker: KafkaConfig, stack: Stack,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Measured]:  # fmt: skip
    Prepared.templates = database_templates
    run.on_servers(Prepared(database_templates.admin_url, kafka_broker, tmp_path_factory.mktemp("place")), list(PARTS))
    run.sealing(stack)
    return run.parts


def test_every_part_measures(parts: dict[str, Measured], told: list[Figure]) -> None:
    assert sorted(parts) == sorted(PARTS)
    assert [figure for one in parts.values() for figure in one.figures] == told
    assert all(figure.ours > 0 for figure in told)
    assert {figure.part for figure in told if figure.bar is not None} == set(PARTS)


def test_without_tessera_it_is_said_and_nothing_is_called_reached(parts: dict[str, Measured]) -> None:
    compared = [figure for figure in parts["a"].figures if figure.bar and figure.bar.demand == "ratio at least"]
    assert [figure.reached for figure in compared] == [None] * 3
    assert "Tessera's figures are missing: Go was not asked." in parts["a"].remarks


def test_rate_and_memory_are_followed_over_the_size_of_the_log(parts: dict[str, Measured]) -> None:
    (memory,) = parts["f"].series
    assert memory.points[-1][0] == TINY.leaves + 1
    assert [x for x, _ in memory.points] == sorted(x for x, _ in memory.points)
    assert {series.name for series in parts["a"].series} == {"Cadena, 350 B", "Cadena, 1 KiB"}

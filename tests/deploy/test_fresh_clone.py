"""What a first user may do to a checkout, the quick part: `make fresh` does all of it, on real clones.

A copy with a prepared `.venv` stands for the clone; its path has a space and an apostrophe, the usual ports are taken.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.checkout import copied, prepared
from tests.deploy.runs import Run, demand_nothing_left, left, usual_ports_taken, wait


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("fresh") / f"what someone's clone {'is ' * 20}called" / "cadena"
    with usual_ports_taken() as taken:
        assert len(taken) > 5
        yield prepared(copied(folder))


@pytest.mark.parametrize("end", [Run.kill_make, Run.kill_group, Run.interrupt])
def test_a_run_that_ends_in_the_middle_leaves_nothing_and_the_next_one_starts(
    place: Path, tmp_path: Path, end: Callable[[Run], None]
) -> None:
    with Run(place, ["make", "demo"], tmp_path / "demo.log") as run:
        run.until("Starting PostgreSQL, Kafka, a mail sink", 60)
        wait(lambda: any("kafka.Kafka" in one for one in left(place)), 60, run.tell)
        assert any("postgres" in one for one in left(place))
        end(run)
        assert run.code(30) != 0
        demand_nothing_left(place)

from dataclasses import replace

import pytest

from tests.bench import judged
from tests.bench.figures import Figure, Measured
from tests.bench.latency import LatencyRun
from tests.bench.proofs import ProofRun
from tests.bench.recording import Beside, RecordingRun
from tests.bench.sealing import SealingRun
from tests.bench.tessera import TesseraRun
from tests.bench.verifier import Checked, VerifiedRun
from tests.bench.writer import Step, TakeOver, WriterRun

MIB = 2**20
STEPS = tuple(Step(250_000 * step, 4.0 * step, (80 + step) * MIB) for step in range(1, 13))
FILLED = WriterRun(3_000_000, 350, 45.0, 66_000.0, 8.0, 5.0, 2.0, 100 * MIB, STEPS)
LARGE = replace(FILLED, size=1024, rate=34_000.0, postgres_cpu=-1.0)
LIVE = replace(FILLED, events=1_000_000, rate=40_000.0)
OTHERS = [
    TesseraRun(350, True, 240_000, 20.0, ()), TesseraRun(350, True, 264_000, 20.0, ()),
    TesseraRun(1024, True, 232_000, 20.0, ()), TesseraRun(350, False, 400_000, 20.0, ()),
]  # fmt: skip


def by_name(measured: Measured) -> dict[str, Figure]:
    return {figure.name: figure for figure in measured.figures}


def test_rates_stand_beside_the_better_of_tessera_s_runs_with_antispam() -> None:
    found = by_name(judged.measured_rates([(FILLED, 5.0), (LARGE, 3.0)], LIVE, OTHERS, "v1.0.4"))
    assert found["350 B, filled topic"].theirs == 13_200
    assert found["350 B, filled topic"].reached is True
    assert found["1 KiB, filled topic"].theirs == 11_600
    assert found["1 KiB, filled topic"].reached is False
    assert found["350 B, live producer beside"].ratio == pytest.approx(40 / 13.2)
    assert "v1.0.4" in found["350 B, filled topic"].beside
    assert "PostgreSQL" not in found["1 KiB, filled topic"].includes.rpartition("CPU")[2]


def test_every_run_of_tessera_is_told() -> None:
    remarks = judged.measured_rates([(FILLED, 5.0)], LIVE, OTHERS, "v1.0.4").remarks
    assert len(remarks) == 1 + len(OTHERS)
    assert "Tessera at 350 B, without" in remarks[4]
    assert "20,000/s" in remarks[4]


def test_the_curve_is_the_rate_between_two_looks() -> None:
    (one,) = judged.measured_rates([(FILLED, 5.0)], LIVE, [], "").series
    assert one.points[0] == (500_000.0, 62_500.0)
    assert len(one.points) == len(STEPS) - 1


def test_tessera_s_curve_goes_over_stretches_of_seconds() -> None:
    points = tuple((float(second), 12_000 * second) for second in range(8))
    measured = judged.measured_rates([(FILLED, 5.0)], LIVE, [TesseraRun(350, True, 84_000, 7.0, points)], "v1.0.4")
    assert measured.series[1].points == ((36_000.0, 12_000.0), (72_000.0, 12_000.0))


def test_memory_is_flat_from_a_sixth_of_the_log_on_or_is_not() -> None:
    proved = ProofRun(3_000_001, 50, 2500, 0.002, 0.0051, 0.02)
    found = by_name(judged.large_log(FILLED, proved))
    assert found["growth of the writer's memory"].ours == 92 / 82
    assert found["growth of the writer's memory"].reached is True
    assert found["inclusion proof, p99"].ours == pytest.approx(5.1)
    assert found["inclusion proof, p99"].reached is False
    again = replace(FILLED, take_over=TakeOver(2.5, 4.0, 1.9))
    assert by_name(judged.large_log(again, proved))["take-over by another writer"].ours == 4.0
    grown = replace(FILLED, steps=(*STEPS[:-1], replace(STEPS[-1], rss=120 * MIB)))
    assert by_name(judged.large_log(grown, proved))["growth of the writer's memory"].reached is False


def test_latencies_are_told_in_milliseconds() -> None:
    measured = judged.measured_latencies([LatencyRun(350, 33_000.0, 660_000, 0.072, 0.2501, 0.4, 0.003)])
    found = by_name(measured)
    assert found["350 B, p99"].ours == pytest.approx(250.1)
    assert found["350 B, p99"].reached is False
    assert found["350 B, p50"].bar is None
    assert "33,000/s" in found["350 B, p99"].includes
    sealed = by_name(
        judged.measured_sealing(SealingRun(600.0, 300.0, 6000, 0.2, 0.5, 0.7, 0.01, 0.05, (("custody api", 1.234),)))
    )
    assert sealed["POST to sealed, p99"].reached is True
    assert sealed["POST to sealed, p99"].includes.endswith("CPU in ms a POST: custody api 1.2.")
    assert sealed["POST to answer, p50"].ours == pytest.approx(10)


def test_recording_keeps_the_ratio_of_its_rounds() -> None:
    run = RecordingRun(
        (Beside(1, 400.0, 500.0, 0.79, 900, 800, 300, 290), Beside(8, 800.0, 900.0, 0.81, 900, 800, 300, 290)),
        1000, 9_999.0, 60.0, 40.0,
    )  # fmt: skip
    found = by_name(judged.measured_recording(run))
    assert found["POST over 1 connection"].ratio == pytest.approx(0.79)
    assert [found[name].reached for name in found] == [False, True, False]


def test_verifying_is_compared_with_fsck_where_there_is_one() -> None:
    fast, slow = Checked("x", 1_000_000, 1.0, 2.0, 90 * MIB), Checked("x", 1_000_000, 2.0, 4.0, 90 * MIB)
    files, http = {"hashes": fast, "all": slow, "fsck": fast}, {"hashes": slow, "all": slow}
    found = by_name(judged.measured_verifying(VerifiedRun(1_000_000, 830.0, 2, files, http)))
    assert [found[name].reached for name in found] == [True, False, None, None]
    assert found["files, everything"].ratio == pytest.approx(0.5)

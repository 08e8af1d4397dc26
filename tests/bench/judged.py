"""What the runs say, as figures: what each number includes, and which bar it must meet. PURE."""

from collections.abc import Sequence

from tests.bench.figures import Bar, Figure, Measured, Series
from tests.bench.latency import LatencyRun
from tests.bench.proofs import ProofRun
from tests.bench.recording import RecordingRun
from tests.bench.sealing import SealingRun
from tests.bench.tessera import TesseraRun
from tests.bench.verifier import VerifiedRun
from tests.bench.writer import WriterRun

MEBIBYTE = 2**20
STRETCH_SECONDS = 3.0
ROOM = 1.15
"""What a writer's memory may grow by between a sixth of the log and all of it, to be called flat."""
WRITER = (
    "Ours is counted from Kafka to the head that covers the last event, signed, cosigned, in the database with `synchronous_commit=on` and "
    "in its file, and published with its entries on the audit topic. Every id is looked up and kept: duplicates are "
    "dropped for ever. The writer's process, PostgreSQL and Kafka share the machine. "
    "An event of 350 B holds the members that the writer looks at, and no more: a whole one has some 470 B at least. Those "
    "of 1 KiB are whole."
)
TESSERA = (
    "Tessera {version}, POSIX driver, with antispam (Badger) under its own hammer with 512 writers over HTTP on the same "
    "machine, no reader, no duplicates; from an empty log, growth of its signed checkpoint; the better of its two runs."
)

BARE = "FastAPI and asyncpg, the same body and the same five inserts in one transaction, and nothing else; in turns with ours."

HASHES = "Every bundle hashed, every tile made anew and compared, the root against the signed head (`--hashes-only`)."
WHOLE = "The default: that, and each entry read as an event, each head ever signed, ids, sources, versions of subjects."
FSCK = "Tessera's `fsck -N 4` on the same log."


def name(size: int) -> str:
    """A size as the page says it."""
    return "1 KiB" if size == 1024 else f"{size} B"


def measured_rates(
    filled: Sequence[tuple[WriterRun, float]], live_run: WriterRun, beside: Sequence[TesseraRun],
    version: str,
) -> Measured:  # fmt: skip
    """Part (a) in figures: each filled run with the ratio that is demanded of it, and the one with a live producer."""
    about = TESSERA.format(version=version)
    best = {run.size: max(one.rate for one in beside if one.antispam and one.size == run.size) for run in beside}
    figures = []
    for run, ratio in filled:
        figures.append(
            Figure(
                "a", f"{name(run.size)}, filled topic", "events/s", run.rate, f"{run.events:,} events. {cpu(run)}",
                best.get(run.size), about, Bar("ratio at least", ratio),
            )
        )  # fmt: skip
    lead = f"{live_run.events:,} events, while a producer on the same machine makes and sends them. {cpu(live_run)}"
    figures.append(
        Figure(
            "a", f"{name(live_run.size)}, live producer beside", "events/s", live_run.rate, lead, best.get(live_run.size),
            about, Bar("ratio at least", 3),
        )
    )  # fmt: skip
    series = [curve(run, f"Cadena, {name(run.size)}") for run, _ in filled]
    series += [beside_it(run) for run in beside if run.antispam and run.rate == best[run.size]]
    return Measured(tuple(figures), tuple(series), (WRITER, *all_of(beside)))


def all_of(beside: Sequence[TesseraRun]) -> tuple[str, ...]:
    """Every run of Tessera in a sentence each, also those that no ratio is made with."""
    return tuple(
        f"Tessera at {name(run.size)}, {'with antispam' if run.antispam else 'without, so that it knows its last 256k leaves only'}: "
        f"{run.leaves:,} leaves in {run.seconds:.1f} s, {run.rate:,.0f}/s."
        for run in beside
    )


def cpu(run: WriterRun) -> str:
    """Where the time went."""
    said = [
        f"{what} {value:.1f}"
        for what, value in (("writer", run.writer_cpu), ("PostgreSQL", run.postgres_cpu), ("Kafka", run.kafka_cpu))
        if value >= 0
    ]
    return f"CPU in µs an event: {', '.join(said)}."


def curve(run: WriterRun, what: str) -> Series:
    """The rate between one look and the next."""
    points, size, seconds = [], 0, 0.0
    for step in run.steps:
        if size and step.seconds > seconds:
            points.append((float(step.size), (step.size - size) / (step.seconds - seconds)))
        size, seconds = step.size, step.seconds
    return Series("a", what, "leaves", "events/s", tuple(points))


def beside_it(run: TesseraRun) -> Series:
    """Tessera's rate over stretches of `STRETCH_SECONDS` at least: its checkpoints come once a second."""
    points, seconds, size = [], 0.0, 0
    for at, count in run.points:
        if at - seconds >= STRETCH_SECONDS:
            points.append((float(count), (count - size) / (at - seconds)))
            seconds, size = at, count
    return Series("a", f"Tessera, {name(run.size)}", "leaves", "events/s", tuple(points))


def large_log(run: WriterRun, proved: ProofRun) -> Measured:
    """Part (f) in figures."""
    early = next((step for step in run.steps if step.size * 6 >= run.events), run.steps[0])
    last = run.steps[-1]
    said = (
        f"{proved.count:,} events at random, open loop at {proved.rate:g}/s, from the request being due to its answer"
    )
    memory = f"From {early.size:,} leaves to {last.size:,}; {last.rss / MEBIBYTE:.0f} MiB at the end"
    figures: tuple[Figure, ...] = (
        Figure(
            "f", "inclusion proof, p99", "ms", 1000 * proved.p99, f"Log of {proved.leaves:,} leaves; {said}.",
            bar=Bar("at most", 5),
        ),
        Figure("f", "inclusion proof, p50", "ms", 1000 * proved.p50, "The same requests."),
        Figure(
            "f", "growth of the writer's memory", "times", last.rss / early.rss,
            f"{memory}, {run.rss_peak / MEBIBYTE:.0f} MiB at the peak. It counts as flat up to {ROOM:g}.",
            bar=Bar("at most", ROOM),
        ),
    )  # fmt: skip
    if run.take_over is not None:
        figures += (
            Figure(
                "f", "take-over by another writer", "s", run.take_over.seconds,
                f"From the start of its process until it reads on. Its check of the whole ledger takes "
                f"{run.take_over.check:.1f} s of that; its heartbeat is meanwhile {run.take_over.beat_age:.1f} s old at most.",
            ),
        )  # fmt: skip
    memory_points = tuple((float(step.size), step.rss / MEBIBYTE) for step in run.steps)
    return Measured(figures, (Series("f", "the writer's resident memory", "leaves", "MiB", memory_points),))


def measured_latencies(runs: Sequence[LatencyRun]) -> Measured:
    """Part (b) in figures."""
    figures = []
    for run in runs:
        said = (
            f"{run.count:,} events at {run.rate:,.0f}/s, half the rate from a filled topic; from the moment each was due to "
            f"a reader of the audit topic having its sealed message, so produce, fetch, append, sign, publish and fetch again. "
            f"The longest took {1000 * run.longest:.0f} ms; the producer itself was late by up to {1000 * run.behind:.0f} ms."
        )
        figures += [
            Figure("b", f"{name(run.size)}, p99", "ms", 1000 * run.p99, said, bar=Bar("at most", 250)),
            Figure("b", f"{name(run.size)}, p50", "ms", 1000 * run.p50, "The same events."),
        ]
    return Measured(tuple(figures))


def measured_sealing(run: SealingRun) -> Measured:
    """Part (c) in figures."""
    said = (
        f"{run.count:,} samples registered at {run.rate:.0f}/s, half the sustainable rate, over 64 connections; from the moment "
        f"a request was due until a reader of the audit topic has its fact, under a signed head. All six processes, "
        f"PostgreSQL, Kafka and the clients share the machine. The longest took {1000 * run.longest:.0f} ms. CPU in ms a "
        f"POST: {', '.join(f'{process} {spent:.2g}' for process, spent in run.cpu)}."
    )
    return Measured(
        (
            Figure("c", "POST to sealed, p99", "ms", 1000 * run.p99, said, bar=Bar("at most", 500)),
            Figure("c", "POST to sealed, p50", "ms", 1000 * run.p50, "The same requests."),
            Figure("c", "POST to answer, p99", "ms", 1000 * run.answered_p99, "The same requests, until committed and answered."),
            Figure("c", "POST to answer, p50", "ms", 1000 * run.answered_p50, "The same requests."),
            Figure(
                "c", "sustainable rate", "POST/s", run.sustainable,
                "As fast as 16 connections are answered, over the time until the last fact is sealed.",
            ),
        )
    )  # fmt: skip


def measured_recording(run: RecordingRun) -> Measured:
    """Part (d) in figures."""
    figures = [
        Figure(
            "d", f"POST over {one.connections} connection{'s' * (one.connections > 1)}", "POST/s", one.ours,
            "One sample a POST through custody's own process: token, locks, rules, event, sealed value, promise, answer "
            "kept; closed loop. The ratio is the median of those within the rounds. CPU in µs a POST, API and PostgreSQL: "
            f"{one.ours_cpu:.0f} + {one.ours_postgres_cpu:.0f}, beside it {one.bare_cpu:.0f} + {one.bare_postgres_cpu:.0f}.",
            one.ours / one.ratio, BARE, Bar("ratio at least", 0.8),
        )
        for one in run.posts
    ]  # fmt: skip
    figures.append(
        Figure(
            "d", "batches", "samples/s", run.batch_rate,
            f"`POST /v1/samples:batch` of {run.batch_size:,}, each sample a command with its key, event, promise and "
            f"answer. CPU in µs a sample: API {run.batch_api_cpu:.0f}, PostgreSQL {run.batch_postgres_cpu:.0f}.",
            bar=Bar("at least", 10_000),
        )
    )  # fmt: skip
    return Measured(tuple(figures))


def measured_verifying(run: VerifiedRun) -> Measured:
    """Part (e) in figures: the check that fsck makes, and the whole one, which is the default."""
    figures = []
    for where, checks in (("files", run.files), ("HTTP", run.http)):
        fsck = checks.get("fsck")
        for key, what in (("hashes", HASHES), ("all", WHOLE)):
            said = f"{what} {run.size:,} entries of {run.entry_bytes:.0f} B on the average, {run.jobs} processes"
            one = checks[key]
            figures.append(
                Figure(
                    "e", f"{where}, {'what fsck checks' if key == 'hashes' else 'everything'}", "entries/s", one.rate,
                    f"{said}; {1e6 * one.cpu_seconds / one.size:.2f} µs of CPU an entry, {one.rss / MEBIBYTE:.0f} MiB.",
                    fsck.rate if fsck else None, FSCK, Bar("ratio at least", 1),
                )
            )  # fmt: skip
    return Measured(tuple(figures))


def joined(*found: Measured) -> Measured:
    """One after the other."""
    return Measured(
        tuple(figure for one in found for figure in one.figures),
        tuple(series for one in found for series in one.series),
        tuple(remark for one in found for remark in one.remarks),
    )

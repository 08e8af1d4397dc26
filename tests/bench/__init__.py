"""`make bench`: how fast Cadena is, beside what others built, measured in one run on one machine.

Six parts, each of which can run alone (`make bench ARGS="--only a,e"`):

a. Kafka → signed head and published, beside Tessera's POSIX log (`writer.py`, `live.py`, `tessera.py`)
b. produce → signed head, open loop (`latency.py`)
c. POST → sealed, open loop (`sealing.py`)
d. POST/s beside a bare handler with the same inserts, and batches (`recording.py`, `bare.py`)
e. entries verified a second beside Tessera's fsck (`verifying.py`, its log from `verifier.py`)
f. inclusion proofs from a log of millions, and the writer's memory (`proofs.py`)

What measures is an importable `async` function that takes `Servers` (`servers.py`) and its sizes, starts the real
processes, and returns a frozen dataclass of plain numbers; it makes no judgement and prints nothing. `parts.py` calls
it in the order that `run.py` sets, and `judged.py` says what its numbers mean as `Figure` and `Series` (`figures.py`),
with the bars that are demanded. From these `page.py` and `picture.py`, which are pure, make `docs/performance.md` and `docs/performance.svg`.

Rates are compared only within one run. A latency is measured from the moment at which a request was *due*, so a server
that stalls is charged for all who waited (no coordinated omission), and percentiles are those of the sorted values.
"""

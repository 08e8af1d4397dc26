"""What a run did, to be read by people."""

from collections.abc import Iterable

from shared.failpoint import POINTS
from tests.chaos.mayhem import Mayhem
from tests.chaos.plan import VICTIMS


def table(mayhem: Mayhem, rounds: int, seed: int) -> str:
    """Rounds, kills by victim, deaths by point, what was acknowledged and at risk, mail, seed."""
    risk = sorted(mayhem.at_risk) or [0]
    folder = mayhem.stack.backends.mail_folder
    rows = [
        ("rounds", rounds),
        ("seed", seed),
        ("commands acknowledged", len(mayhem.callers.kept)),
        ("events acknowledged", sum(len(one.events) for one in mayhem.callers.kept)),
        ("entries of the ledger", len(mayhem.log.leaves)),
        ("heads seen published", len(mayhem.seen)),
        ("tries that had to be repeated", mayhem.callers.unanswered.total()),
        ("messages that a mail server took", len(list(folder.glob("*.eml"))) if folder else 0),
        ("at risk at a kill, least", risk[0]),
        ("at risk at a kill, median", risk[len(risk) // 2]),
        ("killed", mayhem.kills.total()),
        *((f"  {name}", mayhem.kills[name]) for name in VICTIMS),
        ("died at a point", mayhem.hits.total()),
        *((f"  {point}", by(mayhem, point)) for point in POINTS),
        *(
            (f"ended by itself: {name}, code {code}", times)
            for (name, code), times in sorted(mayhem.ended.items(), key=str)
        ),
    ]
    return "\n".join(_lines(rows))


def by(mayhem: Mayhem, point: str) -> str:
    """How often it was hit, by whom."""
    return ", ".join(f"{name} {times}" for (name, hit), times in sorted(mayhem.hits.items()) if hit == point)


def _lines(rows: Iterable[tuple[str, object]]) -> Iterable[str]:
    return (f"{what:<36}{value}" for what, value in rows)

"""`make fresh`: clones of what is committed here, as a first user treats them. Needs the network once, and Linux.

`python -m tests.deploy.fresh [DRILL …]` runs the named drills (first_run makes the clone that others use). Everything
happens in a folder with a long name with spaces; root runs all of it twice, the second time as a user who is not root.
Exit 0 if every drill went well; the folder with the logs stays if one did not.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.deploy.fresh import drills
from tests.deploy.fresh.drills import Place
from tests.deploy.fresh.people import nobody, ourselves

LONG = "what a person calls the folder of a project, with spaces, and with some more words so that it is long"
ALL: tuple[Callable[[Place], str], ...] = (
    drills.first_run, drills.offline, drills.ports, drills.killed_installation, drills.two_at_once,
    drills.ended_in_the_middle, drills.served, drills.tests,
)  # fmt: skip
AS_ANOTHER = (drills.first_run, drills.offline, drills.ended_in_the_middle, drills.served)


def main(names: list[str]) -> int:
    """Run the drills; their count of failures decides the exit code."""
    unknown = set(names) - {drill.__name__ for drill in ALL}
    if unknown:
        print(f"there is no drill {', '.join(unknown)}; there are {', '.join(drill.__name__ for drill in ALL)}")
        return 2
    base = Path(tempfile.mkdtemp(prefix="cadena-fresh-"))
    base.chmod(0o755)
    failures = 0
    us, other = ourselves(), nobody(base / "home of nobody")
    for person, wanted in [(us, ALL), (other, AS_ANOTHER)] if other else [(us, ALL)]:
        folder = base / f"{person.name}, {LONG}"
        folder.mkdir()
        place = Place(folder, person)
        for drill in wanted:
            if not names or drill.__name__ in names:
                failures += not _goes_well(drill, place)
    if failures:
        print(f"{failures} did not go well; logs are in {base}")
        return 1
    shutil.rmtree(base)
    print("Everything that a first user may do to a clone went well.")
    return 0


def _goes_well(drill: Callable[[Place], str], place: Place) -> bool:
    began = time.monotonic()
    try:
        found, good = drill(place), True
    except AssertionError as error:
        found, good = str(error), False
    words = drill.__name__.replace("_", " ")
    said = (
        f"{'ok' if good else 'FAILED'}  {place.person.name:<7} {words:<22} {time.monotonic() - began:5.0f} s  {found}"
    )
    print(said, flush=True)
    return good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

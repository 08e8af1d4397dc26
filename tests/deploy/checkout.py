"""Copies of this checkout to try things out in: its files as they stand, and a `.venv` that borrows this one's packages."""

import subprocess
import sys
import venv
from pathlib import Path
from shutil import copy2

ROOT = Path(__file__).resolve().parents[2]


def copied(target: Path) -> Path:
    """Every file that git tracks or would track, as it stands in the working tree, copied to `target`."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    )  # fmt: skip
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            copy2(ROOT / name, target / name)
    return target


def prepared(checkout: Path) -> Path:
    """Give a copy a `.venv` of its own that needs no network: a new one, to which this one's packages and jars are lent.

    The bootstrap's own stamp is written, so that `make` finds everything done.
    """
    made = checkout / ".venv"
    venv.EnvBuilder(with_pip=False, symlinks=True).create(made)
    packages = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    lent = [str(checkout / "verifier"), f"import site; site.addsitedir({str(Path(sys.prefix) / packages)!r})"]
    (made / packages / "lent.pth").write_text("\n".join(lent) + "\n")
    (made / "kafka").symlink_to(Path(sys.prefix) / "kafka")
    stamp = (
        "import json, sys; sys.path.insert(0, 'deploy/local'); import bootstrap as b; "
        "b.STAMP.write_text(json.dumps({'dev': b.wanted_stamp('dev')}))"
    )
    subprocess.run([str(made / "bin" / "python"), "-c", stamp], cwd=checkout, check=True)
    return checkout

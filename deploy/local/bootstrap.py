"""Make `.venv` with everything that a target needs: `python3 deploy/local/bootstrap.py local|dev`, run by make.

Standard library only, and nothing newer than Python 3.8, so that an unfit Python can say that it is unfit.
A second run touches neither the network nor pip: a stamp in `.venv` holds the hash of all that was asked for.
An interrupted installation is thrown away by the next run; two runs at once in one checkout wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / ".cadena-stamp.json"
INSTALLING = VENV / ".cadena-installing"
LOCK = ROOT / "var" / "bootstrap.lock"
OLDEST, NEWEST = (3, 11), (3, 14)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.14", "python3")
# Measured on Linux x86-64, rounded up.
DOWNLOADS = {
    "local": (
        ("Python packages of the services", 35),
        ("embedded PostgreSQL server", 25),
        ("Java runtime, for Kafka", 36),
        ("Apache Kafka, 45 jars", 43),
    ),
    "dev": (("tools for lint and tests", 33),),
}
PROBE = (
    "import json, sys, importlib.util as u; "
    "print(json.dumps([list(sys.version_info[:3]), all(u.find_spec(m) for m in ('venv', 'ensurepip'))]))"
)


class Refused(Exception):
    """A sentence for the person at the terminal."""


def judge(version: list[int], complete: bool) -> str | None:
    """Why a Python of this version cannot be used, or None; `complete` means that it can make virtual environments."""
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        return "needs 3.11 to 3.14"
    if not complete:
        return f"cannot make virtual environments: install python{version[0]}.{version[1]}-venv"
    return None


def probe(program: str) -> tuple[list[int], bool] | None:
    """([major, minor, micro], complete) of a Python, or None when it does not run."""
    try:
        ran = subprocess.run([program, "-I", "-c", PROBE], capture_output=True, timeout=60, check=True)
        version, complete = json.loads(ran.stdout.decode())
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return version, complete


def choose_python(wanted: str | None) -> str:
    """The first fit Python: `wanted` alone if given, else of CANDIDATES; raises Refused naming what it found."""
    found = []
    for name in [wanted] if wanted else CANDIDATES:
        program = shutil.which(name)
        known = probe(program) if program else None
        if known is None:
            continue
        reason = judge(*known)
        if program is not None and reason is None:
            return program
        found.append(f"{program} is {'.'.join(str(part) for part in known[0])} ({reason})")
    named = "; ".join(found) or (f"PYTHON={wanted} does not run" if wanted else "no Python 3 was found")
    raise Refused(
        f"Cadena needs Python 3.11, 3.12, 3.13 or 3.14: {named}. Install one (on Debian: apt install python3 "
        "python3-venv) or name one: make PYTHON=/path/to/python3.13 …"
    )


def wanted_stamp(profile: str) -> str:
    """A hash of all that an installation depends on, this folder's place included (scripts hold absolute paths)."""
    texts = ["1", str(ROOT)]
    for name in (f"requirements/{profile}.txt", "verifier/pyproject.toml", "deploy/local/jgo.lock.toml"):
        path = ROOT / name
        texts.append(path.read_text(encoding="utf-8") if path.exists() else "")
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def is_done(profile: str) -> bool:
    """Whether `.venv` already holds what `profile` needs ('dev' holds 'local' too)."""
    if INSTALLING.exists() or not python().exists():
        return False
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return any(stamp == {other: wanted_stamp(other)} for other in {profile, "dev"})


def python() -> Path:
    """The interpreter of `.venv`."""
    return VENV / "bin" / "python"


def run(*arguments: str) -> None:
    """Run one step with the venv's Python from the checkout; raises Refused if it fails."""
    # These would send an installation elsewhere than into `.venv`.
    env = {name: text for name, text in os.environ.items() if name not in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX")}
    env["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if subprocess.run([str(python()), *arguments], cwd=str(ROOT), env=env, check=False).returncode != 0:
        raise Refused(f"`{' '.join(arguments)}` failed; the lines above say why. The next run starts afresh.")


def ensure_venv() -> None:
    """An empty or sound `.venv` with a fit Python; one that is neither is made anew."""
    asked = os.environ.get("PYTHON")
    known = None if INSTALLING.exists() or not python().exists() else probe(str(python()))
    if known is not None and judge(known[0], True) is None and not asked:
        return
    program = choose_python(asked)
    if known is not None and known == probe(program):
        return
    shutil.rmtree(str(VENV), ignore_errors=True)
    VENV.mkdir()
    INSTALLING.touch()
    print(f"Making .venv with {program}", flush=True)
    if subprocess.run([program, "-m", "venv", str(VENV)], cwd=str(ROOT), check=False).returncode != 0:
        raise Refused(f"{program} could not make a virtual environment in {VENV}.")


def install(profile: str) -> None:
    """Fill `.venv` for `profile`, saying first what will be fetched."""
    parts = DOWNLOADS["local"] + (DOWNLOADS["dev"] if profile == "dev" else ())
    print("First run, or new requirements: fetching what is not here yet, at most about:", flush=True)
    for name, size in parts:
        print(f"  {size:>4} MB  {name}", flush=True)
    print(f"  {sum(size for _, size in parts):>4} MB  in all", flush=True)
    INSTALLING.touch()
    run("-m", "pip", "install", "--no-input", "--require-hashes", "-r", f"requirements/{profile}.txt")
    if (ROOT / "verifier" / "pyproject.toml").exists():
        run("-m", "pip", "install", "--no-input", "--quiet", "--no-deps", "--no-build-isolation", "-e", "./verifier")
    INSTALLING.unlink()
    run("-m", "deploy.local.jars")
    STAMP.write_text(json.dumps({profile: wanted_stamp(profile)}), encoding="utf-8")


def main(profile: str) -> None:
    """Do nothing if all is there; else install under the checkout's lock."""
    if is_done(profile):
        return
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is installing in this checkout; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_done(profile):
            ensure_venv()
            install(profile)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Refused as refusal:
        sys.exit(f"cadena: {refusal}")
    except KeyboardInterrupt:
        sys.exit("cadena: interrupted; the next run starts the installation afresh.")

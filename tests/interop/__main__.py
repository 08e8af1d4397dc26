"""`make interop`: Tessera's fsck and torchwood's spicy, built from pinned Go modules, judge a log that Cadena wrote.

Cadena itself needs no Go; this check does.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILT = ROOT / "var" / "interop"
TOOLS = ("github.com/transparency-dev/tessera/cmd/fsck", "filippo.io/torchwood/cmd/spicy")


def build(go: str) -> int:
    """Build the tools with this Go, into `BUILT`; Go's exit code."""
    BUILT.mkdir(parents=True, exist_ok=True)
    argv = [go, "build", "-mod=readonly", "-o", f"{BUILT}{os.sep}", *TOOLS]
    return subprocess.run(argv, cwd=HERE / "tools", check=False).returncode


def main() -> int:
    """Build the tools, then run the check; pytest's exit code, or 2 without Go."""
    go = shutil.which("go")
    if go is None:
        print(
            "make interop builds two verifiers that others wrote; it needs Go 1.25 or newer on the PATH.",
            file=sys.stderr,
        )
        return 2
    print("Building fsck (Tessera 1.0.4) and spicy (torchwood 0.9.0) …", flush=True)
    failed = build(go)
    if failed:
        return failed
    check = [sys.executable, "-m", "pytest", "-s", "-q", str(HERE / "check_interop.py")]
    return subprocess.run(check, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

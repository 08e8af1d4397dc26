"""`make lock`: resolve the requirements and the broker's jars anew. For maintainers; needs the network.

The files name no host: whoever installs uses the index that pip is set up with.
"""

import os
import subprocess
import sys

from deploy.local import relock
from deploy.local.commands import CHECKOUT

FOLDER = CHECKOUT / "requirements"
RESOLVER = FOLDER / "resolver.txt"
NAMES = ("runtime", "setup", "local", "dev")
COMPILE = ("pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url",
           "--no-emit-find-links", "--no-header", "--upgrade")  # fmt: skip


def main() -> None:
    """Write `requirements/*.txt` and `jgo.lock.toml`."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(RESOLVER)]
    subprocess.run(pip, check=True)
    uv = os.path.join(sys.prefix, "bin", "uv")
    for name in NAMES:
        print(f"Resolving {name}", flush=True)
        subprocess.run([uv, *COMPILE, "--quiet", f"{name}.in", "-o", f"{name}.txt"], cwd=FOLDER, check=True)
    print("Resolving the broker's jars", flush=True)
    relock.main()


if __name__ == "__main__":
    main()

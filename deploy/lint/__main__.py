"""`python -m deploy.lint`: prints each breach of a house rule with file and line; exit 1 if there is one."""

import subprocess
import sys
from pathlib import Path

from deploy.lint.rules import breaches

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Check every Python file that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    paths = [Path(name) for name in listed if name and (ROOT / name).is_file()]
    found = [line for path in paths for line in breaches(path, (ROOT / path).read_text())]
    print("\n".join(found) or f"house rules: {len(paths)} files, no breach")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

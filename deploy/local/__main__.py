"""`python -m deploy.local serve|down|status`."""

import sys

from deploy.local.serve import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

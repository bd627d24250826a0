"""``python -m playground.eigenvalue``."""

import sys

from playground.eigenvalue.command import main

if __name__ == "__main__":
    sys.exit(main())

"""``python -m playground.logistic``."""

import sys

from playground.logistic.command import main

if __name__ == "__main__":
    sys.exit(main())

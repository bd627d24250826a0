"""``python -m playground.quadratic``."""

import sys

from playground.quadratic.command import main

if __name__ == "__main__":
    sys.exit(main())

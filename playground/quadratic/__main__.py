"""``python -m playground.quadratic``."""

import sys

from playground.quadratic.study import main

if __name__ == "__main__":
    sys.exit(main())

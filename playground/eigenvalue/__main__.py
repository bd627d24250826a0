"""``python -m playground.eigenvalue``."""

import sys

from playground.eigenvalue.study import main

if __name__ == "__main__":
    sys.exit(main())

"""``python -m playground.inverse``."""

import sys

from playground.inverse.command import main

if __name__ == "__main__":
    sys.exit(main())

"""``python -m playground.field``."""

import sys

from playground.field.command import main

if __name__ == "__main__":
    sys.exit(main())

"""Files that another function writes, there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["draft_of"]


@contextmanager
def draft_of(path: str | os.PathLike[str]) -> Iterator[str]:
    """The path of a draft, which becomes the file ``path`` where the block ends without an error.

    It lies beside the file, and ends as that does: what names its format by an ending finds it.
    Raises OSError.
    """
    folder, name = os.path.split(os.fspath(path))
    # Not by the process alone: threads write, too.
    draft = os.path.join(folder, f".draft-{os.urandom(4).hex()}-{name}")
    try:
        yield draft
        os.replace(draft, path)
    except BaseException:
        # Some add an ending of their own, as numpy.savez does.
        begin = os.path.basename(draft)
        with suppress(OSError):
            for left in os.listdir(folder or "."):
                if left.startswith(begin):
                    os.remove(os.path.join(folder, left))
        raise

"""Files that another function writes, there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["draft_of"]


@contextmanager
def draft_of(path: str | os.PathLike[str]) -> Iterator[str]:
    """The path of a draft, which becomes the file ``path`` where the block ends without an error.

    The draft has the file's own name, in a folder beside it: what names its format by an ending
    finds the ending. Raises OSError.
    """
    target = os.fspath(path)
    folder, name = os.path.split(target)
    room = tempfile.mkdtemp(prefix=".draft-", dir=folder or ".")
    try:
        draft = os.path.join(room, name)
        yield draft
        os.replace(draft, target)
    finally:
        shutil.rmtree(room, ignore_errors=True)

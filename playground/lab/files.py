"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["make_folder", "write_whole"]


def make_folder(path: str | os.PathLike[str]) -> Path:
    """Make a directory, and those above it that are missing. Raises OSError."""
    folder = Path(path)
    missing = []
    # A loop: pathlib's recursion ends at some hundred levels.
    for above in (folder, *folder.parents):
        if above.is_dir():
            break
        missing.append(above)
    for level in reversed(missing):
        level.mkdir(exist_ok=True)
    return folder


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write ``content`` to a draft beside ``path`` and move it there. Raises OSError."""
    target = Path(path)
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        os.replace(draft, target)
    except OSError as error:
        if error.errno is None:
            raise
        # The system names no file where a disk is full, and else the draft.
        raise OSError(error.errno, error.strerror, str(target)) from error
    finally:
        draft.unlink(missing_ok=True)
    return target

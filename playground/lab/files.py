"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from playground.graph.errors import InputError

__all__ = ["make_folder", "read_once", "write_whole"]

# A matrix of 16,000 rows; and of devices, such as /dev/zero, some never end.
MOST_BYTES, MOST_OF_DEVICE = 2 * 10**9, 2 * 10**7


def read_once(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file of a user's, read once: a pipe has them only once. Raises InputError."""
    file = Path(path)
    try:
        with open(file, "rb") as stream:
            device = stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)
            most = MOST_OF_DEVICE if device else MOST_BYTES
            content = stream.read(most + 1)
    except FileNotFoundError as error:
        raise InputError(f"cannot read {file}: there is no such file") from error
    except IsADirectoryError as error:
        raise InputError(f"cannot read {file}: it is a directory") from error
    except OSError as error:
        raise InputError(f"cannot read {file}: {(error.strerror or str(error)).lower()}") from error
    if len(content) > most:
        raise InputError(f"{file} holds more than {most / 1e6:,.0f} MB: choose a smaller one")
    return content


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

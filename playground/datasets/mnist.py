"""Handwritten digits, pieces of clothing and hiragana: three datasets of one form."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from playground.dataset.download import cached_download
from playground.datasets.preparing import (
    NamedArrays,
    cached_file,
    image_dtype,
    labelled,
    read_arrays,
    scaled_images,
)
from playground.graph.errors import InputError
from playground.graph.types import DType, HostArray

__all__ = [
    "get_fashion_mnist",
    "get_fashion_mnist_labels",
    "get_kuzushiji_mnist",
    "get_kuzushiji_mnist_labels",
    "get_mnist",
]


class _Source(NamedTuple):
    """Where one of them lies in the folder of datasets, and where in the world."""

    name: str
    folder: str
    url: str


MNIST = _Source("mnist", "mnist", "http://yann.lecun.com/exdb/mnist/")
FASHION = _Source(
    "fashion_mnist",
    "fashion-mnist",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
KUZUSHIJI = _Source(
    "kuzushiji_mnist", "kuzushiji_mnist", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"
)

CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
HIRAGANA = (
    ("o", "お"),
    ("ki", "き"),
    ("su", "す"),
    ("tsu", "つ"),
    ("na", "な"),
    ("ha", "は"),
    ("ma", "ま"),
    ("ya", "や"),
    ("re", "れ"),
    ("wo", "を"),
)


def get_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: DType = None,
    label_dtype: DType = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    """MNIST: 60,000 handwritten digits to train on and 10,000 to test on.

    Args:
        withlabel: pairs of image and label; else the images alone.
        ndim: 1 for images of shape (784,), 2 for (28, 28), 3 for (1, 28, 28).
        scale: what white is; black is 0.
        dtype: of the images; default: ``config.dtype``.
        label_dtype: of the labels.
        rgb_format: with ``ndim=3``, images of shape (3, 28, 28).

    Raises MissingDataError where the files are not there and cannot be fetched.
    """
    return _both(MNIST, withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_fashion_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: DType = None,
    label_dtype: DType = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    """Fashion-MNIST: pieces of clothing; arguments as for :func:`get_mnist`."""
    return _both(FASHION, withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_kuzushiji_mnist(
    withlabel: bool = True,
    ndim: int = 1,
    scale: float = 1.0,
    dtype: DType = None,
    label_dtype: DType = np.int32,
    rgb_format: bool = False,
) -> tuple[Any, Any]:
    """Kuzushiji-MNIST: old Japanese hiragana; arguments as for :func:`get_mnist`."""
    return _both(KUZUSHIJI, withlabel, ndim, scale, dtype, label_dtype, rgb_format)


def get_fashion_mnist_labels() -> list[str]:
    """What the labels of Fashion-MNIST mean."""
    return [*CLOTHES]


def get_kuzushiji_mnist_labels() -> list[tuple[str, str]]:
    """What the labels of Kuzushiji-MNIST mean: pairs of transcription and hiragana."""
    return [*HIRAGANA]


def _both(
    source: _Source,
    withlabel: bool,
    ndim: int,
    scale: float,
    dtype: DType,
    label_dtype: DType,
    rgb_format: bool,
) -> tuple[Any, Any]:
    def part(name: str, prefix: str) -> Any:
        content = cached_file(
            source.name, source.folder, name, _making(source, prefix), read_arrays
        )
        images = scaled_images(_shaped(content["x"], ndim, rgb_format), scale, image_dtype(dtype))
        return labelled(images, content["y"], withlabel, label_dtype)

    return part("train.npz", "train"), part("test.npz", "t10k")


def _shaped(images: HostArray, ndim: int, rgb_format: bool) -> HostArray:
    shapes = {1: (784,), 2: (28, 28), 3: (1, 28, 28)}
    if ndim not in shapes:
        raise ValueError(f"get_mnist and its kin: ndim is to be 1, 2 or 3, got {ndim!r}")
    images = images.reshape(len(images), *shapes[ndim])
    if ndim == 3 and rgb_format:
        # A view: the copy is made where the numbers are scaled.
        return np.broadcast_to(images, (len(images), 3, 28, 28))
    return images


def _making(source: _Source, prefix: str) -> Callable[[str], NamedArrays]:
    def make(path: str) -> NamedArrays:
        x = _records(cached_download(f"{source.url}{prefix}-images-idx3-ubyte.gz"), 16, 784)
        y = _records(cached_download(f"{source.url}{prefix}-labels-idx1-ubyte.gz"), 8, 1)
        if len(x) != len(y):
            raise InputError(f"{source.name}: {len(x)} images and {len(y)} labels do not belong")
        arrays: NamedArrays = {"x": x, "y": y[:, 0]}
        np.savez_compressed(path, **arrays)
        return arrays

    return make


def _records(path: str, head: int, size: int) -> HostArray:
    """The records of a file in the format of MNIST: a head of some bytes, then bytes alone."""
    with gzip.open(path) as file:
        content = file.read()
    return np.frombuffer(content, np.uint8, offset=head).reshape(-1, size)

"""Datasets of image files. The home of Pillow."""

from __future__ import annotations

import bisect
import io
import os
import threading
import zipfile
from collections.abc import Sequence
from typing import IO, Any

import numpy as np

from playground.dataset.dataset_mixin import DatasetMixin
from playground.datasets.preparing import image_dtype
from playground.graph.errors import MissingLibraryError
from playground.graph.types import DType, Example, HostArray

__all__ = [
    "ImageDataset",
    "LabeledImageDataset",
    "LabeledZippedImageDataset",
    "MultiZippedImageDataset",
    "ZippedImageDataset",
]


def pillow() -> Any:
    """Pillow's module of images. Raises MissingLibraryError."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingLibraryError(
            "images need Pillow, which is not installed: pip install pillow"
        ) from error
    return Image


def _read_image(source: str | IO[bytes], dtype: DType) -> HostArray:
    """The image as an array of shape (channels, height, width)."""
    with pillow().open(source) as image:
        # A copy: what Pillow lends ends with the file.
        array = np.asarray(image).astype(dtype)
    # Grey: one channel, which Pillow leaves out.
    if array.ndim == 2:
        array = array[..., None]
    return array.transpose(2, 0, 1)


def _pairs_in(path: str) -> list[tuple[str, int]]:
    """A file name and a label from each line."""
    pairs = []
    with open(path) as lines:
        for number, line in enumerate(lines, 1):
            words = line.split()
            if len(words) != 2:
                raise ValueError(
                    f"line {number} of {path}: expected a file name and a label, got "
                    f"{line.strip()!r}"
                )
            pairs.append((words[0], int(words[1])))
    return pairs


class ImageDataset(DatasetMixin):
    """Images from files, each an array of shape (channels, height, width), read when asked for.

    Args:
        paths: the paths, or the path of a file with one in each line.
        root: what they are relative to.
        dtype: of the arrays; default: ``config.dtype``.
    """

    def __init__(self, paths: str | Sequence[str], root: str = ".", dtype: DType = None) -> None:
        pillow()
        if isinstance(paths, str):
            with open(paths) as lines:
                paths = [line.strip() for line in lines]
        self._paths, self._root, self._dtype = paths, root, image_dtype(dtype)

    def __len__(self) -> int:
        return len(self._paths)

    def get_example(self, i: int) -> Example:
        """Image i."""
        return _read_image(os.path.join(self._root, self._paths[i]), self._dtype)


class LabeledImageDataset(DatasetMixin):
    """Pairs of an image, as in :class:`ImageDataset`, and its label.

    ``pairs`` are pairs of path and label, or the path of a file with one pair in each line.
    """

    def __init__(
        self,
        pairs: str | Sequence[tuple[str, int]],
        root: str = ".",
        dtype: DType = None,
        label_dtype: DType = np.int32,
    ) -> None:
        pillow()
        self._pairs = _pairs_in(pairs) if isinstance(pairs, str) else pairs
        self._root, self._dtype, self._label_dtype = root, image_dtype(dtype), label_dtype

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(self, i: int) -> Example:
        """The pair of image i and its label, an array without axes."""
        path, label = self._pairs[i]
        image = _read_image(os.path.join(self._root, path), self._dtype)
        return image, np.array(label, dtype=self._label_dtype)


class ZippedImageDataset(DatasetMixin):
    """Images from a zip file that holds nothing else."""

    def __init__(self, zipfilename: str, dtype: DType = None) -> None:
        self._zipfilename, self._dtype = zipfilename, image_dtype(dtype)
        self._open()
        self._paths = [name for name in self._zf.namelist() if not name.endswith("/")]

    def _open(self) -> None:
        self._zf, self._process = zipfile.ZipFile(self._zipfilename), os.getpid()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        # An open file and a lock do not travel to another process.
        return {k: v for k, v in vars(self).items() if k not in ("_zf", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    def __len__(self) -> int:
        return len(self._paths)

    def get_example(self, i: int | str) -> Example:
        """Image i, or the image of a name in the zip file."""
        if self._process != os.getpid():
            # A forked child shares the place in the file with its parent.
            self._open()
        with self._lock:
            content = self._zf.read(i if isinstance(i, str) else self._paths[i])
        return _read_image(io.BytesIO(content), self._dtype)


class MultiZippedImageDataset(DatasetMixin):
    """Images from several zip files, one behind the other."""

    def __init__(self, zipfilenames: Sequence[str], dtype: DType = None) -> None:
        self._parts = [ZippedImageDataset(name, dtype) for name in zipfilenames]
        self._ends = np.cumsum([0, *map(len, self._parts)]).tolist()

    def __len__(self) -> int:
        return self._ends[-1]

    def get_example(self, i: int) -> Example:
        """Image i, counted through all files. Raises IndexError."""
        if not 0 <= i < len(self):
            raise IndexError(f"MultiZippedImageDataset: there is no image {i} among {len(self)}")
        # The last part that begins at i or before.
        part = bisect.bisect(self._ends, i) - 1
        return self._parts[part].get_example(i - self._ends[part])


class LabeledZippedImageDataset(DatasetMixin):
    """Pairs of an image in a zip file and its label, named by the lines of a file of labels."""

    def __init__(
        self,
        zipfilename: str,
        labelfilename: str,
        dtype: DType = None,
        label_dtype: DType = np.int32,
    ) -> None:
        self._pairs, self._label_dtype = _pairs_in(labelfilename), label_dtype
        self._images = ZippedImageDataset(zipfilename, dtype)

    def __len__(self) -> int:
        return len(self._pairs)

    def get_example(self, i: int) -> Example:
        """The pair of an image and its label, an array without axes."""
        path, label = self._pairs[i]
        return self._images.get_example(path), np.array(label, dtype=self._label_dtype)

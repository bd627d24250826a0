"""DaliIterator: NVIDIA's pipelines, which are not read here."""

from __future__ import annotations

from playground.dataset.iterator import Iterator
from playground.graph.errors import MissingLibraryError

__all__ = ["DaliIterator"]


class DaliIterator(Iterator):
    """Refused: a pipeline of NVIDIA DALI is read by MultiprocessIterator's place in a script."""

    def __init__(self, pipeline: object, repeat: bool = True) -> None:
        raise MissingLibraryError(
            "DaliIterator: pipelines of NVIDIA DALI are not read here: write a dataset that reads "
            "the files (datasets.LabeledImageDataset, say) and give it to MultiprocessIterator"
        )

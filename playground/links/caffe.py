"""CaffeFunction: the name of what read Caffe's files, and the way round."""

from __future__ import annotations

from typing import Any, NoReturn

from playground.graph.errors import MissingLibraryError
from playground.links.chain import Chain

__all__ = ["CaffeFunction"]


def refuse_caffemodel(name: str, path: object) -> NoReturn:
    """Say why a file of Caffe's is not read, and what to do."""
    raise MissingLibraryError(
        f"{name}: {path} is a protocol buffer of Caffe's, which nothing here reads: where Chainer "
        f"7 still runs, load it once by chainer.links.caffe.CaffeFunction and write it by "
        f"serializers.save_npz (GoogLeNet and the ResNets: by their convert_caffemodel_to_npz); "
        f"that .npz can be loaded here, into a chain with links of the same names"
    )


class CaffeFunction(Chain):
    """Not here: a network that a file of Caffe's describes. Raises MissingLibraryError."""

    def __init__(self, model_path: str) -> None:
        refuse_caffemodel("CaffeFunction", model_path)

    def forward(self, inputs: Any, outputs: Any, disable: Any = ()) -> NoReturn:
        """Not here."""
        refuse_caffemodel("CaffeFunction", "the network")

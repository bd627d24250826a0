"""Shapes and elements: nothing is computed, only arranged."""

from playground.functions.array import arranging, indexing, joining, shaping
from playground.functions.array.arranging import *  # noqa: F403
from playground.functions.array.arranging import Copy as Copy
from playground.functions.array.indexing import *  # noqa: F403
from playground.functions.array.indexing import Arrange as Arrange
from playground.functions.array.indexing import GetItem as GetItem
from playground.functions.array.indexing import GetItemGrad as GetItemGrad
from playground.functions.array.joining import *  # noqa: F403
from playground.functions.array.joining import Concat as Concat
from playground.functions.array.joining import SplitAxis as SplitAxis
from playground.functions.array.shaping import *  # noqa: F403
from playground.functions.array.shaping import BroadcastTo as BroadcastTo
from playground.functions.array.shaping import Reshape as Reshape
from playground.functions.array.shaping import Transpose as Transpose

__all__ = [*arranging.__all__, *indexing.__all__, *joining.__all__, *shaping.__all__]

"""Loss functions."""

from playground.functions.loss import common
from playground.functions.loss.common import *  # noqa: F403

__all__ = [*common.__all__]

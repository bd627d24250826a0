"""Classifier: a model with its loss and accuracy, which are reported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import playground.functions as F
from playground.links.chain import Chain
from playground.links.link import Link
from playground.reporter import report

__all__ = ["Classifier"]


class Classifier(Chain):
    """The loss of a predictor: ``classifier(x, t)`` is ``lossfun(predictor(x), t)``.

    ``loss`` and ``accuracy`` are reported under the link's name.

    Args:
        predictor: a link.
        lossfun, accfun: functions of the prediction and the labels.
        label_key: which argument of the call holds the labels: its place, or its keyword.

    Attributes:
        y, loss, accuracy: of the newest call.
        compute_accuracy: whether the accuracy is computed.
    """

    compute_accuracy = True

    def __init__(
        self,
        predictor: Link,
        lossfun: Callable[..., Any] = F.softmax_cross_entropy,
        accfun: Callable[..., Any] = F.accuracy,
        label_key: int | str = -1,
    ) -> None:
        if not isinstance(label_key, (int, str)):
            raise TypeError(
                f"Classifier: label_key is a place or a keyword, got {type(label_key).__name__}"
            )
        super().__init__()
        self.lossfun, self.accfun, self.label_key = lossfun, accfun, label_key
        self.y: Any = None
        self.loss: Any = None
        self.accuracy: Any = None
        with self.init_scope():
            self.predictor = predictor

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        key, places = self.label_key, list(args)
        if isinstance(key, str):
            if key not in kwargs:
                raise ValueError(f"Classifier: the call has no {key!r}, which holds the labels")
            t = kwargs.pop(key)
        elif -len(places) <= key < len(places):
            t = places.pop(key)
        else:
            raise ValueError(f"Classifier: the call has no argument {key}, which holds the labels")
        # Before they are made anew: the graph of the call before need not live beside this one's.
        self.y = self.loss = self.accuracy = None
        self.y = self.predictor(*places, **kwargs)
        self.loss = self.lossfun(self.y, t)
        report({"loss": self.loss}, self)
        if self.compute_accuracy:
            self.accuracy = self.accfun(self.y, t)
            report({"accuracy": self.accuracy}, self)
        return self.loss

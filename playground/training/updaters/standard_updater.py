"""StandardUpdater: one batch, one loss, one step of the optimizer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from playground.backend import Device
from playground.dataset.convert import DeviceLike, call_converter, concat_examples, device_of
from playground.dataset.iterator import Iterator
from playground.graph.types import Batch, Serializing
from playground.optimizers import Optimizer
from playground.training.updaters.updater import Updater

__all__ = ["StandardUpdater", "called_with"]


def called_with(function: Callable[..., Any], arrays: Batch) -> Any:
    """``function`` of a converted batch: a tuple are its arguments, a dict its keywords."""
    if isinstance(arrays, tuple):
        return function(*arrays)
    return function(**arrays) if isinstance(arrays, dict) else function(arrays)


def _under_names(things: dict[str, Any], name: str, what: str) -> Any:
    if name not in things:
        raise KeyError(f"the updater has no {what} {name!r}, only {', '.join(things)}")
    return things[name]


class StandardUpdater(Updater):
    """Takes a batch, converts it, and lets the optimizer update its target with the loss.

    Args:
        iterator: of the batches, or a dict of several; 'main' is the one that counts epochs.
        optimizer: set up with the model, or a dict of several; 'main' is the one that is updated.
        converter: makes arrays of a batch.
        device: where model and batches go. Default: nowhere.
        loss_func: the loss as a function of the arrays. Default: the optimizer's target.
        loss_scale: see ``Optimizer.loss_scaling``.
        auto_new_epoch: call ``optimizer.new_epoch`` at the end of each epoch.
        input_device: where batches go, if not to ``device``.

    With several iterators or optimizers, define :meth:`update_core` in a subclass.

    Attributes:
        iteration: how many updates were made.
    """

    def __init__(
        self,
        iterator: Iterator | dict[str, Iterator],
        optimizer: Optimizer | dict[str, Optimizer],
        converter: Callable[..., Any] = concat_examples,
        device: DeviceLike = None,
        loss_func: Callable[..., Any] | None = None,
        loss_scale: float | None = None,
        auto_new_epoch: bool = True,
        *,
        input_device: DeviceLike = None,
    ) -> None:
        self._iterators = iterator if isinstance(iterator, dict) else {"main": iterator}
        self._optimizers = optimizer if isinstance(optimizer, dict) else {"main": optimizer}
        self._device = device_of(device)
        self._input_device = self._device if input_device is None else device_of(input_device)
        self.converter, self.loss_func, self.loss_scale = converter, loss_func, loss_scale
        self.iteration = 0
        self.auto_new_epoch = auto_new_epoch
        for one in self._optimizers.values():
            # Before the first update: the optimizer makes its states where the parameters are.
            if device is not None:
                one.target.to_device(self._device)
            if loss_scale is not None:
                one.set_loss_scale(loss_scale)
            # From now on the optimizer refuses to have its epochs counted by anybody else.
            if auto_new_epoch:
                one.use_auto_new_epoch = True

    @property
    def device(self) -> Device | None:
        """Where the model is."""
        return self._device

    @property
    def input_device(self) -> Device | None:
        """Where batches go."""
        return self._input_device

    @property
    def epoch(self) -> int:
        """How many epochs of the main iterator are through."""
        return self._iterators["main"].epoch  # type: ignore[attr-defined]

    @property
    def epoch_detail(self) -> float:
        """The same with the part of the present one."""
        return self._iterators["main"].epoch_detail  # type: ignore[attr-defined]

    @property
    def previous_epoch_detail(self) -> float | None:
        """``epoch_detail`` before the last update."""
        return self._iterators["main"].previous_epoch_detail  # type: ignore[attr-defined]

    @property
    def is_new_epoch(self) -> bool:
        """Whether the last batch ended an epoch."""
        return self._iterators["main"].is_new_epoch  # type: ignore[attr-defined]

    def finalize(self) -> None:
        """Finalize the iterators."""
        for iterator in self._iterators.values():
            iterator.finalize()

    def get_optimizer(self, name: str) -> Optimizer:
        """The optimizer of a name."""
        return _under_names(self._optimizers, name, "optimizer")

    def get_all_optimizers(self) -> dict[str, Optimizer]:
        """All optimizers, by name."""
        return dict(self._optimizers)

    def get_iterator(self, name: str) -> Iterator:
        """The iterator of a name."""
        return _under_names(self._iterators, name, "iterator")

    def update(self) -> None:
        """Make one update, by :meth:`update_core`, and count it."""
        self.update_core()
        self.iteration += 1

    def update_core(self) -> None:
        """The update itself; a subclass may define another."""
        iterator: Any = self._iterators["main"]
        optimizer = self._optimizers["main"]
        arrays = call_converter(self.converter, iterator.next(), self._input_device)
        # Asked each time: the target may be set up anew in the course of a training.
        loss_func = self.loss_func or optimizer.target
        called_with(partial(optimizer.update, loss_func), arrays)
        if self.auto_new_epoch and iterator.is_new_epoch:
            optimizer.new_epoch(auto=True)

    def serialize(self, serializer: Serializing) -> None:
        """Save or load iterators, optimizers and their targets."""
        for name, iterator in self._iterators.items():
            iterator.serialize(serializer[f"iterator:{name}"])
        for name, optimizer in self._optimizers.items():
            optimizer.serialize(serializer[f"optimizer:{name}"])
            optimizer.target.serialize(serializer[f"model:{name}"])
        self.iteration = serializer("iteration", self.iteration)

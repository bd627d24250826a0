"""ParallelUpdater: a batch in shares, each on a copy of the model."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from playground.dataset.convert import DeviceLike, call_converter, concat_examples, device_of
from playground.dataset.iterator import Iterator
from playground.graph.config import force_backprop_mode
from playground.links import Link
from playground.optimizers import Optimizer
from playground.training.updaters.standard_updater import StandardUpdater, called_with

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["ParallelUpdater"]


class ParallelUpdater(StandardUpdater):
    """Every model takes its share of a batch; the gradients are added up in the main one.

    Give ``devices`` (a dict from name to device, with 'main'; the others get copies of the
    optimizer's target) or ``models`` by the same names, or both. Devices may be the same.
    """

    def __init__(
        self,
        iterator: Iterator | dict[str, Iterator],
        optimizer: Optimizer | dict[str, Optimizer],
        converter: Callable[..., Any] = concat_examples,
        models: dict[str, Link] | None = None,
        devices: dict[str, DeviceLike] | None = None,
        loss_func: Callable[..., Any] | None = None,
        loss_scale: float | None = None,
        auto_new_epoch: bool = True,
    ) -> None:
        super().__init__(
            iterator,
            optimizer,
            converter,
            loss_func=loss_func,
            loss_scale=loss_scale,
            auto_new_epoch=auto_new_epoch,
        )
        self._devices = {name: device_of(device) for name, device in (devices or {}).items()}
        if models is None:
            models = self._copied()
        self._models: dict[str, Any] = models

    def _copied(self) -> dict[str, Any]:
        if not self._devices:
            raise ValueError("ParallelUpdater: give models, devices, or both: there are neither")
        if "main" not in self._devices:
            raise KeyError(f"ParallelUpdater: no device is called 'main': {[*self._devices]}")
        target = self._optimizers["main"].target
        models = {"main": target}
        for name in self._devices:
            if name != "main":
                # A deep copy: parameters that were shared would take each gradient twice.
                models[name] = copy.deepcopy(target)
        for name, model in models.items():
            model.to_device(self._devices[name])
        return models

    def connect_trainer(self, trainer: Trainer) -> None:
        """Let the other models report under their names."""
        for name, model in self._others().items():
            trainer.reporter.add_observer(name, model)

    def _others(self) -> dict[str, Any]:
        main = self._optimizers["main"].target
        return {name: model for name, model in self._models.items() if model is not main}

    def update_core(self) -> None:
        """Losses of all shares, then their gradients, then one step."""
        optimizer, iterator = self._optimizers["main"], self._iterators["main"]
        batch = iterator.next()
        models = self._models
        losses = []
        for i, (name, model) in enumerate(models.items()):
            # Every second, third … example, so that shares differ by one at most.
            share = batch[i :: len(models)]
            arrays = call_converter(self.converter, share, self._devices.get(name))
            model.cleargrads()
            with force_backprop_mode():
                losses.append(called_with(self.loss_func or model, arrays))
        # Once more: parameters that were made by the first call did not exist then.
        for model in models.values():
            model.cleargrads()
        for loss in losses:
            loss.backward(loss_scale=self.loss_scale)
        for model in self._others().values():
            optimizer.target.addgrads(model)
        optimizer.update()
        # Copied and not updated: all models stay the same to the last bit.
        for model in self._others().values():
            model.copyparams(optimizer.target)
        if self.auto_new_epoch and iterator.is_new_epoch:  # type: ignore[attr-defined]
            optimizer.new_epoch(auto=True)

"""Evaluator: the model on data that it is not trained with."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from playground.dataset.convert import DeviceLike, call_converter, concat_examples, device_of
from playground.dataset.iterator import Iterator
from playground.graph.config import no_backprop_mode, using_config
from playground.links import Link
from playground.reporter import DictSummary, Reporter, report, report_scope
from playground.training.extension import PRIORITY_WRITER, Extension
from playground.training.extensions.console import Bar
from playground.training.updaters.standard_updater import called_with

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["Evaluator"]


class Evaluator(Extension):
    """Calls the model on each batch of an iterator, and reports the means of what it reports.

    In test mode, without a graph; names are those of the training behind ``validation/``.

    Args:
        iterator: of the batches, one that ends (``repeat=False``), or a dict with 'main'.
        target: the model, or a dict with 'main'.
        converter, device: as the updater takes them.
        eval_hook: called with this extension before each evaluation.
        eval_func: called with each batch; default: the target.
        progress_bar: show how far it is.
    """

    trigger = (1, "epoch")
    default_name = "validation"
    priority = PRIORITY_WRITER

    def __init__(
        self,
        iterator: Iterator | dict[str, Iterator],
        target: Link | dict[str, Link],
        converter: Callable[..., Any] = concat_examples,
        device: DeviceLike = None,
        eval_hook: Callable[[Evaluator], Any] | None = None,
        eval_func: Callable[..., Any] | None = None,
        *,
        progress_bar: bool = False,
    ) -> None:
        self._iterators = iterator if isinstance(iterator, dict) else {"main": iterator}
        self._targets = target if isinstance(target, dict) else {"main": target}
        self.converter, self.device = converter, device_of(device)
        self.eval_hook, self.eval_func = eval_hook, eval_func
        self._progress_bar = progress_bar
        for name, one in self._iterators.items():
            if getattr(one, "repeat", False):
                warnings.warn(
                    f"Evaluator: the iterator {name!r} repeats its dataset, and the evaluation may "
                    f"never end: make it with repeat=False",
                    stacklevel=2,
                )

    def get_iterator(self, name: str) -> Iterator:
        """The iterator of a name."""
        return self._iterators[name]

    def get_all_iterators(self) -> dict[str, Iterator]:
        """All iterators, by name."""
        return dict(self._iterators)

    def get_target(self, name: str) -> Link:
        """The model of a name."""
        return self._targets[name]

    def get_all_targets(self) -> dict[str, Link]:
        """All models, by name."""
        return dict(self._targets)

    def __call__(self, trainer: Trainer | None = None) -> dict[str, Any]:
        """Evaluate, report the means, and return them; works without a trainer too."""
        # One of its own: the same links report under other names in the training.
        reporter = Reporter()
        prefix = "" if self.name is None else f"{self.name}/"
        for name, target in self._targets.items():
            reporter.add_observer(prefix + name, target)
            reporter.add_observers(prefix + name, target.namedlinks(skipself=True))
        with reporter, using_config("train", False):
            result = self.evaluate()
        report(result)
        return result

    def evaluate(self) -> dict[str, Any]:
        """The means over the main iterator; a subclass may define another evaluation."""
        evaluate = self.eval_func or self._targets["main"]
        if self.eval_hook:
            self.eval_hook(self)
        iterator = self._from_the_start()
        summary = DictSummary()
        bar = _EvaluationBar(iterator) if self._progress_bar else None
        for batch in iterator:
            # One a batch: a value that only some batches report is the mean of those.
            observation: dict[str, Any] = {}
            with report_scope(observation):
                arrays = call_converter(self.converter, batch, self.device)
                with no_backprop_mode():
                    called_with(evaluate, arrays)
            # Each batch counts once, also a last one that is shorter: as in Chainer.
            summary.add(observation)
            if bar is not None:
                bar.update()
        if bar is not None:
            bar.close()
        return summary.compute_mean()

    def _from_the_start(self) -> Iterator:
        iterator: Any = self._iterators["main"]
        if hasattr(iterator, "reset"):
            iterator.reset()
            return iterator
        warnings.warn(
            f"Evaluator: {type(iterator).__name__} has no method reset: a copy of it is used up "
            f"instead",
            DeprecationWarning,
            stacklevel=3,
        )
        return copy.copy(iterator)

    def finalize(self) -> None:
        """Finalize the iterators."""
        for iterator in self._iterators.values():
            iterator.finalize()


class _EvaluationBar(Bar):
    """How far an evaluation is."""

    def __init__(self, iterator: Any) -> None:
        if not (hasattr(iterator, "current_position") and hasattr(iterator, "epoch_detail")):
            raise TypeError(
                f"Evaluator: progress_bar needs an iterator with current_position and "
                f"epoch_detail, which {type(iterator).__name__} has not"
            )
        super().__init__()
        self._iterator = iterator

    def get_lines(self) -> list[str]:
        """Three lines: a bar, the examples, and how long it will take."""
        position, done = self._iterator.current_position, self._iterator.epoch_detail
        size = getattr(self._iterator, "_epoch_size", None)
        per_second, epochs_per_second = self.update_speed(position, done)
        left = timedelta(seconds=(1.0 - done) / epochs_per_second)
        return [
            self.bar("validation", done),
            f"{position:10} / {size} iterations\n" if size else f"{position:10} iterations\n",
            f"{per_second:10.5g} iters/sec. Estimated time to finish: {left}.\n",
        ]

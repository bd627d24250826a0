"""ParameterStatistics: reports how parameters and gradients are distributed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from playground.graph.backend import anywhere, is_array
from playground.graph.parameter import Parameter
from playground.graph.types import Raw
from playground.links import Link
from playground.reporter import DictSummary, report
from playground.training.extension import PRIORITY_WRITER, Extension, TriggerLike
from playground.training.triggers.interval_trigger import get_trigger

if TYPE_CHECKING:
    from playground.training.trainer import Trainer

__all__ = ["ParameterStatistics"]

Statistic = Callable[[Any], Any]
# Those of a normal distribution at -3, -2, -1, 0, 1, 2 and 3 standard deviations.
SIGMAS = (0.13, 2.28, 15.87, 50, 84.13, 97.72, 99.87)


class ParameterStatistics(Extension):
    """Statistics of each parameter of links, as means over the iterations up to ``trigger``.

    Args:
        links: a link or several.
        statistics: functions of a flat array by name; 'default' for those of
            ``default_statistics``. One that returns several numbers is reported as ``…/0``,
            ``…/1`` ….
        report_params, report_grads: of values, of gradients.
        prefix: put before all names.
        trigger: when means are reported.
        skip_nan_params: NaN for arrays that hold one, without asking the function.
    """

    default_name = "parameter_statistics"
    priority = PRIORITY_WRITER
    report_key_template = "{prefix}{link_name}{param_name}/{attr_name}/{function_name}"
    default_statistics: ClassVar[dict[str, Statistic]] = {
        "mean": np.mean,
        "std": np.std,
        "min": np.min,
        "max": np.max,
        "zeros": lambda x: np.count_nonzero(x == 0),
        "percentile": lambda x: np.percentile(x, SIGMAS),
    }

    def __init__(
        self,
        links: Link | Sequence[Link],
        statistics: str | Mapping[str, Statistic] | None = "default",
        report_params: bool = True,
        report_grads: bool = True,
        prefix: str | None = None,
        trigger: TriggerLike = (1, "epoch"),
        skip_nan_params: bool = False,
    ) -> None:
        self._links = links if isinstance(links, (list, tuple)) else (links,)
        chosen: Any = self.default_statistics if statistics == "default" else statistics
        self._statistics: dict[str, Statistic] = dict(chosen or {})
        self._attrs = ["data"] * report_params + ["grad"] * report_grads
        self._prefix = f"{prefix}/" if prefix else ""
        self._trigger = get_trigger(trigger)
        self._summary = DictSummary()
        self._skip_nan_params = skip_nan_params

    def register_statistics(self, name: str, function: Statistic) -> None:
        """Add a statistic."""
        self._statistics[name] = function

    def __call__(self, trainer: Trainer) -> None:
        found: dict[str, Any] = {}
        for link in self._links:
            for path, param in link.namedparams():
                for attr in self._attrs:
                    place = (getattr(link, "name", "None"), path, attr)
                    found.update(self._of_one(_flat(param, attr, path), place))
        # Added up in each iteration, reported as means: one value an epoch says little.
        self._summary.add(found)
        if self._trigger(trainer):
            report(self._summary.compute_mean())
            self._summary = DictSummary()

    def _of_one(self, values: Raw, place: tuple[Any, str, str]) -> Iterator[tuple[str, Any]]:
        link_name, path, attr = place
        skipped = self._skip_nan_params and anywhere(np.isnan(values))
        for name, function in self._statistics.items():
            key = self.report_key_template.format(
                prefix=self._prefix,
                link_name=link_name,
                param_name=path,
                attr_name=attr,
                function_name=name,
            )
            value: Any = np.nan if skipped else function(values)
            # A reporter takes numbers alone.
            if is_array(value) and value.size > 1:
                yield from ((f"{key}/{i}", part) for i, part in enumerate(value))
            else:
                yield key, value


def _flat(param: Parameter, attr: str, path: str) -> Any:
    values = getattr(param, attr)
    if values is None:
        raise AttributeError(
            f"ParameterStatistics: {path} has no {attr}: it took no part in the last update, or "
            f"its shape is not known yet (report_grads=False leaves gradients out)"
        )
    return values.ravel()

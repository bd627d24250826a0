"""Reporter: what links and extensions say of a training, collected under names."""

from __future__ import annotations

import copy
import json
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Number
from typing import Any

import numpy as np

from playground.graph.backend import is_array
from playground.graph.config import config
from playground.graph.types import Operand, Scalar, Serializing
from playground.graph.variable import Variable

__all__ = [
    "DictSummary",
    "Reporter",
    "Summary",
    "as_value",
    "get_current_reporter",
    "is_writing",
    "report",
    "report_scope",
    "with_any_number",
]

Observation = dict[str, Any]

# Those that are entered just now, the innermost last; a thread or task starts with its own.
_entered: ContextVar[tuple[Reporter, ...]] = ContextVar("the reporters of playground", default=())


class Reporter:
    """Collects observed values under names; the values of an *observer* under its name.

    ``with reporter:`` makes it the current one, to which :func:`report` reports.

    Attributes:
        observation: where the values go, a dict from name to value.
    """

    def __init__(self) -> None:
        self._observer_names: dict[int, str] = {}
        # Observers are told apart by id, which another object could get once one is gone.
        self._observers: list[Any] = []
        self.observation: Observation = {}

    def __enter__(self) -> None:
        _entered.set((*_entered.get(), self))

    def __exit__(self, *error: object) -> None:
        _entered.set(_entered.get()[:-1])

    @contextmanager
    def scope(self, observation: Observation) -> Iterator[None]:
        """Within it this reporter is the current one, and reports into ``observation``."""
        before, self.observation = self.observation, observation
        try:
            with self:
                yield
        finally:
            self.observation = before

    def add_observer(self, name: str, observer: object) -> None:
        """What ``observer`` reports is to stand under ``name/…``."""
        self._observer_names[id(observer)] = name
        self._observers.append(observer)

    def add_observers(self, prefix: str, observers: Iterable[tuple[str, object]]) -> None:
        """Several at once: pairs of name and observer, each name behind ``prefix``."""
        for name, observer in observers:
            self.add_observer(prefix + name, observer)

    def report(self, values: Mapping[str, Operand], observer: object = None) -> None:
        """Put values into the observation, under the name of ``observer`` if one is given.

        Variables are copied without their graph, unless ``config.keep_graph_on_report`` is set.
        """
        prefix = "" if observer is None else self._prefix_of(observer)
        keep = config.keep_graph_on_report
        for name, value in values.items():
            if not keep and isinstance(value, Variable):
                value = copy.copy(value)
            self.observation[prefix + name] = value

    def _prefix_of(self, observer: object) -> str:
        name = self._observer_names.get(id(observer))
        if name is None:
            raise KeyError(
                f"report: the {type(observer).__name__} that reports is not registered: add it "
                f"with reporter.add_observer(name, observer) (a Trainer adds the optimizers' "
                f"targets and their children when it is made)"
            )
        return f"{name}/"


def get_current_reporter() -> Reporter:
    """The reporter of the innermost ``with`` block. Raises IndexError outside of all."""
    entered = _entered.get()
    if not entered:
        raise IndexError("there is no current reporter: enter one, with reporter: …")
    return entered[-1]


def report(values: Mapping[str, Operand], observer: object = None) -> None:
    """Report values to the current reporter; nothing happens where there is none."""
    entered = _entered.get()
    if entered:
        entered[-1].report(values, observer)


@contextmanager
def report_scope(observation: Observation) -> Iterator[None]:
    """Within it the current reporter reports into ``observation``."""
    current = get_current_reporter()
    before, current.observation = current.observation, observation
    try:
        yield
    finally:
        current.observation = before


def is_writing(serializer: Serializing) -> bool:
    """Whether a serializer saves, and does not load."""
    return _is_a(serializer, "Serializer")


def _is_a(serializer: Serializing, name: str) -> bool:
    # By name: real Chainer's save and load what is here, too.
    return any(base.__name__ == name for base in type(serializer).__mro__)


def with_any_number(serializer: Serializing, key: str, value: Scalar) -> Any:
    """Save a number, or load one, whole or not, whatever stands there until then."""
    # A deserializer makes what it loads the type of what it is given: 2.5 is no int.
    found = serializer(key, None if _is_a(serializer, "Deserializer") else value)
    return found.item() if is_array(found) else found


class Summary:
    """Mean and standard deviation of numbers that come one by one, with weights."""

    def __init__(self) -> None:
        self._x: Any = 0.0
        self._x2: Any = 0.0
        self._n: Any = 0

    def add(self, value: Scalar, weight: Scalar = 1) -> None:
        """Add a number, or an array without axes."""
        self._x += weight * value
        self._x2 += weight * value * value
        self._n += weight

    def compute_mean(self) -> Any:
        """The weighted mean."""
        return self._x / self._n

    def make_statistics(self) -> tuple[Any, Any]:
        """The weighted mean and standard deviation."""
        mean = self._x / self._n
        return mean, np.sqrt(self._x2 / self._n - mean * mean)

    def serialize(self, serializer: Serializing) -> None:
        """Save or load the sums; a warning says where there are none to load."""
        try:
            self._x = serializer("_x", self._x)
            self._x2 = serializer("_x2", self._x2)
            self._n = with_any_number(serializer, "_n", self._n)
        except KeyError:
            warnings.warn("Summary: the snapshot holds no sums: it starts anew", stacklevel=2)


class DictSummary:
    """A :class:`Summary` for each name in dictionaries that come one by one.

    Numbers count, and arrays and Variables without axes; a pair is a number and its weight. All
    else is passed by.
    """

    def __init__(self) -> None:
        self._summaries: defaultdict[str, Summary] = defaultdict(Summary)

    def add(self, d: Mapping[str, Operand]) -> None:
        """Add the numbers of a dictionary. Raises ValueError for a weight that is none."""
        for name, value in d.items():
            weight: Scalar = 1
            if isinstance(value, tuple):
                value, weight = value[0], as_value(value[1])
                if not _is_scalar(weight):
                    raise ValueError(
                        f"DictSummary: the weight of {name!r} is to be a number, got {weight!r}"
                    )
            value = as_value(value)
            if _is_scalar(value):
                self._summaries[name].add(value, weight)

    def compute_mean(self) -> dict[str, Any]:
        """The mean for each name."""
        return {name: summary.compute_mean() for name, summary in self._summaries.items()}

    def make_statistics(self) -> dict[str, Any]:
        """For each name its mean, and under ``name.std`` its standard deviation."""
        found: dict[str, Any] = {}
        for name, summary in self._summaries.items():
            found[name], found[f"{name}.std"] = summary.make_statistics()
        return found

    def serialize(self, serializer: Serializing) -> None:
        """Save or load names and sums; a warning says where there are none to load."""
        if is_writing(serializer):
            names = list(self._summaries)
            serializer("_names", json.dumps(names))
        else:
            self._summaries.clear()
            try:
                names = json.loads(serializer("_names", ""))
            except KeyError:
                warnings.warn("DictSummary: the snapshot holds no names", stacklevel=2)
                return
        for index, name in enumerate(names):
            self._summaries[name].serialize(serializer["_summaries"][str(index)])


def as_value(value: Operand) -> Any:
    """A Variable's array; anything else as it is."""
    return value.array if isinstance(value, Variable) else value


def _is_scalar(value: Operand) -> bool:
    ndim = getattr(value, "ndim", None)
    if ndim is None:
        return isinstance(value, Number)
    # NumPy's texts have no axes either.
    return ndim == 0 and value.dtype.kind not in "USO"

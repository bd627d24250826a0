"""One script, two engines: run it on Chainer 7.8.1 and on playground and compare what comes out.

A script is a function of one argument, the engine's module; it uses only names that both engines
have under ``engine.`` and returns what is to be equal: arrays (values, dtype, shape), Variables (by
their arrays), numbers, strings, None, and tuples, lists and dictionaries of these.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import playground
from tests.chainer_oracle import load_chainer

chainer = load_chainer()

Script = Callable[[Any], Any]

_BUILT_IN = (
    TypeError,
    ValueError,
    RuntimeError,
    AttributeError,
    IndexError,
    KeyError,
    NotImplementedError,
)


class Raised:
    """The exception that a call ended in, comparable across the engines.

    Playground's exception must be caught by whatever ``except`` clause catches Chainer's.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __repr__(self) -> str:
        return f"Raised({type(self.error).__name__}: {self.error})"

    @property
    def is_invalid_type(self) -> bool:
        return any(kind.__name__ == "InvalidType" for kind in type(self.error).__mro__)

    def is_caught_like(self, other: Raised) -> bool:
        if other.is_invalid_type:
            return self.is_invalid_type
        kinds = [kind for kind in _BUILT_IN if isinstance(other.error, kind)]
        return any(isinstance(self.error, kind) for kind in kinds)


def raised(call: Callable[[], Any]) -> Any:
    """What ``call`` raises, or else what it returns."""
    try:
        return call()
    except Exception as error:
        # The traceback would keep the frames, and so the arrays, of the script alive.
        error.__traceback__ = error.__context__ = None
        return Raised(error)


def run(script: Script, engine: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return script(engine)


def assert_same(ours: Any, theirs: Any, tolerance: float = 0.0, path: str = "outcome") -> None:
    """Equal structure, values (to ``tolerance``), dtypes, shapes and kinds of error."""
    ours, theirs = _plain(ours), _plain(theirs)
    if isinstance(theirs, Raised):
        assert isinstance(ours, Raised), f"{path}: Chainer {theirs!r}, playground gave {ours!r}"
        assert ours.is_caught_like(theirs), f"{path}: Chainer {theirs!r}, playground {ours!r}"
        return
    assert type(ours) is type(theirs), f"{path}: Chainer {theirs!r}, playground {ours!r}"
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys(), path
        for key in theirs:
            assert_same(ours[key], theirs[key], tolerance, f"{path}[{key!r}]")
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs), f"{path}: Chainer {theirs!r}, playground {ours!r}"
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            assert_same(a, b, tolerance, f"{path}[{i}]")
    elif isinstance(theirs, np.ndarray):
        _assert_same_array(ours, theirs, tolerance, path)
    else:
        assert ours == theirs, f"{path}: Chainer {theirs!r}, playground {ours!r}"


def _assert_same_array(ours: Any, theirs: Any, tolerance: float, path: str) -> None:
    assert ours.dtype == theirs.dtype, f"{path}: Chainer {theirs.dtype}, playground {ours.dtype}"
    assert ours.shape == theirs.shape, f"{path}: Chainer {theirs.shape}, playground {ours.shape}"
    if tolerance and theirs.dtype.kind in "fc":
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=path)
    else:
        np.testing.assert_array_equal(ours, theirs, err_msg=path)


def _plain(outcome: Any) -> Any:
    if hasattr(outcome, "unchain_backward"):
        return outcome.array
    if isinstance(outcome, np.generic):
        return np.asarray(outcome)
    return outcome


def same(script: Script) -> Callable[[], None]:
    """Make a test of a script: both engines must give the same outcome."""

    def test() -> None:
        theirs = run(script, chainer)
        assert theirs is not None, "a script that returns nothing compares nothing"
        assert_same(run(script, playground), theirs)

    test.__name__, test.__doc__ = script.__name__, script.__doc__
    test.__module__ = script.__module__
    return test


def assert_takes_chainers_calls(name: str, renamed: bool = False) -> None:
    """Chainer's parameters, in kind, name (unless ``renamed``) and default.

    What Chainer requires may have NumPy's default here, and NumPy's options may come after; what it
    gathers in ``**kwargs`` is named here, as keywords.
    """

    def parameters(module: Any) -> list[inspect.Parameter]:
        return list(inspect.signature(getattr(module.functions, name)).parameters.values())

    ours, theirs = parameters(playground), parameters(chainer)
    if theirs[-1].kind is inspect.Parameter.VAR_KEYWORD:
        theirs.pop()
    for a, b in zip(ours, theirs, strict=False):
        assert a.kind is b.kind
        assert renamed or a.name == b.name
        assert a.default == b.default or b.default is b.empty
    assert len(ours) >= len(theirs)
    for further in ours[len(theirs) :]:
        assert further.default is not further.empty or further.kind is further.VAR_KEYWORD

"""One TestCase, many settings: a class for each."""

from __future__ import annotations

import sys
import types
import unittest
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from itertools import product as combinations
from typing import Any

__all__ = [
    "from_pytest_parameterize",
    "parameterize",
    "parameterize_pytest",
    "product",
    "product_dict",
]

# So much of one value, and of all of them, stands in the name of a class.
IN_A_NAME, IN_ALL = 100, 5000


class Bundle:
    """What :func:`parameterize` leaves under the name of the class; it holds those it made."""

    def __init__(self, cases: list[type]) -> None:
        self.cases = cases


def _without_middle(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    half = (length - 3) // 2
    return f"{text[:half]}...{text[-half:]}"


def _class_name(base: type, number: int, setting: Mapping[str, Any]) -> str:
    shown = [
        f"{key}={_without_middle(getattr(value, '__name__', None) or repr(value), IN_A_NAME)}"
        for key, value in sorted(setting.items())
    ]
    return f"{base.__name__}_param_{number}_{{{_without_middle(', '.join(shown), IN_ALL)}}}"


def _telling(method: Callable[..., Any], setting: Mapping[str, Any]) -> Callable[..., Any]:
    @wraps(method)
    def test(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except unittest.SkipTest:
            raise
        except Exception as error:
            error.add_note(f"with the setting {dict(setting)}")
            raise

    return test


def _class_of(base: type, number: int, setting: Mapping[str, Any]) -> type:
    members: dict[str, Any] = {
        # A function is a value here: as a method it would get the test for its first argument.
        key: staticmethod(value) if isinstance(value, types.FunctionType) else value
        for key, value in setting.items()
    }
    for name in dir(base):
        method = getattr(base, name)
        if name.startswith("test") and callable(method):
            members[name] = _telling(method, setting)
    members["__module__"] = base.__module__
    return type(_class_name(base, number, setting), (base,), members)


def parameterize(*params: Mapping[str, Any]) -> Callable[[Any], Bundle]:
    """Decorator of a TestCase: a class for each setting, whose values are its attributes.

    The classes stand in the module, where unittest and pytest find them; of several decorators
    each multiplies the classes.
    """

    def decorate(base: Any) -> Bundle:
        bases = base.cases if isinstance(base, Bundle) else [base]
        for case in bases:
            if not (isinstance(case, type) and issubclass(case, unittest.TestCase)):
                raise TypeError(f"parameterize: expected a subclass of TestCase, got {case!r}")
            # Of a decorator below: its classes are bases from now on, and no tests themselves.
            vars(sys.modules[case.__module__]).pop(case.__name__, None)
        made = [_class_of(case, i, each) for case in bases for i, each in enumerate(params)]
        for case in made:
            setattr(sys.modules[case.__module__], case.__name__, case)
        return Bundle(made)

    return decorate


def from_pytest_parameterize(names: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """Settings of pytest's spelling: names with commas, and a tuple of values for each."""
    keys = names.split(",")
    if len(keys) == 1:
        return [{keys[0]: value} for value in values]
    for value in values:
        if not isinstance(value, (tuple, list)) or len(value) != len(keys):
            raise ValueError(f"parameterize: expected {len(keys)} values for {names!r}: {value!r}")
    return [dict(zip(keys, value, strict=True)) for value in values]


def parameterize_pytest(names: str, values: Sequence[Any]) -> Callable[[Any], Bundle]:
    """:func:`parameterize` in pytest's spelling."""
    return parameterize(*from_pytest_parameterize(names, values))


def product(
    parameter: Mapping[str, Sequence[Any]] | list[list[dict[str, Any]]],
) -> list[dict[str, Any]]:
    """Every combination of the values by name, or of the settings in several lists."""
    if isinstance(parameter, dict):
        # Sorted, for the order of the settings is in the names of the classes.
        return product_dict(
            *[from_pytest_parameterize(key, list(parameter[key])) for key in sorted(parameter)]
        )
    lists = isinstance(parameter, list) and all(isinstance(each, list) for each in parameter)
    if not lists or not all(isinstance(one, dict) for each in parameter for one in each):
        raise TypeError(
            f"product: expected a dict of lists, or a list of lists of dicts, got {parameter!r}"
        )
    return product_dict(*parameter)


def product_dict(*parameters: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every combination of one setting from each list."""
    return [
        {key: value for one in chosen for key, value in one.items()}
        for chosen in combinations(*parameters)
    ]

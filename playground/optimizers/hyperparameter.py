"""Hyperparameters: an optimizer's values, and what single parameters have instead of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from playground.graph.types import Scalar

__all__ = ["Hyperparameter", "HyperparameterProxy"]


class Hyperparameter:
    """Values by name; what is not set here is looked up in ``parent``.

    An optimizer's hyperparameter is the parent of those of its update rules, so that one
    assignment changes all of them, and a rule can still have a value of its own.
    """

    def __init__(self, parent: Hyperparameter | None = None) -> None:
        self._parent = parent

    @classmethod
    def of(cls, **values: Scalar) -> Hyperparameter:
        """Values without a parent: the usual ones of a kind of update rule."""
        made = cls()
        made.take(**values)
        return made

    def take(self, **values: Scalar | None) -> None:
        """Set the values that are not None."""
        for name, value in values.items():
            if value is not None:
                setattr(self, name, value)

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: Scalar) -> None: ...

    def __getattr__(self, name: str) -> Any:
        # Asked for before __init__ by whoever copies or unpickles.
        parent = vars(self).get("_parent")
        if parent is None:
            known = ", ".join(sorted(self.get_dict())) if "_parent" in vars(self) else "nothing yet"
            raise AttributeError(f"hyperparameter {name!r} is not set; there is {known}")
        return getattr(parent, name)

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value}" for name, value in sorted(self.get_dict().items()))
        return f"Hyperparameter({values})"

    @property
    def parent(self) -> Hyperparameter | None:
        """Where values that are not set here come from."""
        return self._parent

    def get_dict(self) -> dict[str, Any]:
        """Every value by name, the parent's included."""
        parent = self._parent
        values = {**vars(self)} if parent is None else {**parent.get_dict(), **vars(self)}
        del values["_parent"]
        return values


class _Owner(Protocol):
    hyperparam: Hyperparameter


class HyperparameterProxy:
    """A property of an optimizer that stands for one value of its ``hyperparam``."""

    def __init__(self, attr_name: str) -> None:
        self._name = attr_name
        self.__doc__ = f"Alias of ``self.hyperparam.{attr_name}``."

    def __get__(self, obj: _Owner | None, type: type | None = None) -> Any:
        return self if obj is None else getattr(obj.hyperparam, self._name)

    def __set__(self, obj: _Owner, value: Scalar) -> None:
        setattr(obj.hyperparam, self._name, value)

"""Hyperparameters: an optimizer's values, and what single parameters have instead of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Hyperparameter", "HyperparameterProxy"]


class Hyperparameter:
    """Values by name; what is not set here is looked up in ``parent``.

    An optimizer's hyperparameter is the parent of those of its update rules, so that one
    assignment changes all of them, and a rule can still have a value of its own.
    """

    def __init__(self, parent: Hyperparameter | None = None) -> None:
        self._parent = parent

    if TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None: ...

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


class HyperparameterProxy:
    """A property of an optimizer that stands for one value of its ``hyperparam``."""

    def __init__(self, attr_name: str) -> None:
        self._name = attr_name
        self.__doc__ = f"Alias of ``self.hyperparam.{attr_name}``."

    def __get__(self, obj: Any, type: Any = None) -> Any:
        return self if obj is None else getattr(obj.hyperparam, self._name)

    def __set__(self, obj: Any, value: Any) -> None:
        setattr(obj.hyperparam, self._name, value)

"""What a user's ``check_type_forward(in_types)`` is written in: expressions that know their text.

``type_check.expect(in_types.size() == 2, in_types[0].dtype.kind == "f")`` evaluates each
comparison on what came in, and names it and both of its values where it does not hold.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from playground.graph.errors import InvalidType
from playground.graph.types import Operand, Raw

__all__ = ["Expr", "TypeInfo", "expect", "get_types", "make_variable"]


class Expr:
    """An expression: its text, and what it is worth."""

    def __init__(self, text: str, worth: Callable[[], Any], rank: int = 9) -> None:
        self.text, self._worth, self._rank = text, worth, rank

    def eval(self) -> Any:
        """Its value."""
        return self._worth()

    # Any attribute is an expression: a user asks for what an array type has, whatever that is.
    def __getattr__(self, name: str) -> Expr:
        if name.startswith("__"):
            raise AttributeError(name)
        return Expr(f"{self.text}.{name}", lambda: getattr(self.eval(), name))

    def __getitem__(self, key: Any) -> Expr:
        shown = key.text if isinstance(key, Expr) else repr(key)
        return Expr(f"{self.text}[{shown}]", lambda: self.eval()[worth_of(key)])

    def __call__(self, *args: Any) -> Expr:
        shown = ", ".join(map(written, args))
        return Expr(f"{self.text}({shown})", lambda: self.eval()(*map(worth_of, args)))

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        raise RuntimeError(
            f"the truth of {self.text} is known when a function is called: give it to expect(…)"
        )

    __hash__ = object.__hash__

    def _compared(self, other: Any, sign: str) -> Comparison:
        return Comparison(self, other, sign)

    def __eq__(self, other: object) -> Any:
        return self._compared(other, "==")

    def __ne__(self, other: object) -> Any:
        return self._compared(other, "!=")

    def __lt__(self, other: Any) -> Any:
        return self._compared(other, "<")

    def __le__(self, other: Any) -> Any:
        return self._compared(other, "<=")

    def __gt__(self, other: Any) -> Any:
        return self._compared(other, ">")

    def __ge__(self, other: Any) -> Any:
        return self._compared(other, ">=")

    def _joined(self, other: Any, sign: str, reflected: bool = False) -> Expr:
        function, rank = _SIGNS[sign]
        left, right = (other, self) if reflected else (self, other)
        text = f"{_bracketed(left, rank)} {sign} {_bracketed(right, rank + 1)}"
        return Expr(text, lambda: function(worth_of(left), worth_of(right)), rank)

    def __neg__(self) -> Expr:
        return Expr(f"-{_bracketed(self, 7)}", lambda: -self.eval(), 7)


_SIGNS: dict[str, tuple[Callable[[Any, Any], Any], int]] = {
    "+": (operator.add, 5),
    "-": (operator.sub, 5),
    "*": (operator.mul, 6),
    "//": (operator.floordiv, 6),
    "/": (operator.truediv, 6),
    "%": (operator.mod, 6),
    "**": (operator.pow, 8),
}


def _install_arithmetic() -> None:
    names = {"+": "add", "-": "sub", "*": "mul", "//": "floordiv", "/": "truediv", "%": "mod"}
    for sign, name in [*names.items(), ("**", "pow")]:
        for reflected in (False, True):

            def method(
                self: Expr, other: Any, sign: str = sign, reflected: bool = reflected
            ) -> Expr:
                return self._joined(other, sign, reflected)

            setattr(Expr, f"__{'r' * reflected}{name}__", method)


_install_arithmetic()


class Comparison(Expr):
    """A condition that :func:`expect` takes."""

    signs: ClassVar[dict[str, Callable[[Any, Any], bool]]] = {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
    opposite: ClassVar[dict[str, str]] = {
        "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<",
    }  # fmt: skip

    def __init__(self, left: Any, right: Any, sign: str) -> None:
        self.left, self.right, self.sign = left, right, sign
        text = f"{written(left)} {sign} {written(right)}"
        holds = self.signs[sign]
        super().__init__(text, lambda: bool(holds(worth_of(left), worth_of(right))), 4)

    def expect(self, operation: str) -> None:
        """Raise InvalidType, in the name of an operation, where it does not hold."""
        if not self.eval():
            left, right = worth_of(self.left), worth_of(self.right)
            actual = f"{left} {self.opposite[self.sign]} {right}"
            raise InvalidType(operation, self.text, actual)


def worth_of(x: Any) -> Any:
    """The value of an expression, or of each in a tuple; anything else is its own."""
    if isinstance(x, tuple):
        return tuple(map(worth_of, x))
    return x.eval() if isinstance(x, Expr) else x


def written(x: Any) -> str:
    """How an operand stands in an expression."""
    if isinstance(x, tuple):
        return f"({', '.join(map(written, x))}{',' * (len(x) == 1)})"
    return str(x)


def _bracketed(x: Any, rank: int) -> str:
    return f"({x.text})" if isinstance(x, Expr) and x._rank < rank else written(x)


class TypeInfo:
    """Shape and dtype of an input."""

    def __init__(self, shape: Sequence[int], dtype: Any) -> None:
        self.shape, self.dtype, self.ndim = tuple(shape), dtype, len(shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class _Types(tuple):
    """The infos of all inputs."""

    def size(self) -> int:
        return len(self)


class _TypesExpr(Expr):
    def __len__(self) -> int:
        return len(self.eval())

    def __iter__(self) -> Any:
        return iter(self[i] for i in range(len(self)))


def get_types(data: Sequence[Raw], name: str, accept_none: bool = False) -> Expr:
    """The expression of the infos of some arrays, called ``name`` in messages."""
    infos = _infos(data)
    return _TypesExpr(name, lambda: infos)


def _infos(data: Sequence[Raw]) -> _Types:
    return _Types([None if x is None else TypeInfo(x.shape, x.dtype) for x in data])


def make_variable(value: Any, name: str) -> Expr:
    """An expression of that value, called ``name``; what is one already stays."""
    return value if isinstance(value, Expr) else Expr(name, lambda: value)


def check_types(function: Any, arrays: Sequence[Raw]) -> None:
    """Call a function's ``check_type_forward`` on what it was given. Raises InvalidType."""
    try:
        # First with the infos themselves: expressions know their text, which only a message needs.
        function.check_type_forward(_infos(arrays))
        holds = True
    except Exception:
        holds = False  # why, is said below
    if holds:
        return
    try:
        _running.append(function.label)
        function.check_type_forward(get_types(arrays, "in_types"))
    finally:
        _running.pop()


# Functions whose check is running, the innermost last: messages name it.
_running: list[str] = []


def expect(*conditions: Any) -> None:
    """Raise InvalidType for the first condition that does not hold."""
    operation = _running[-1] if _running else "expect"
    for condition in conditions:
        if isinstance(condition, Comparison):
            condition.expect(operation)
        elif not worth_of(condition):
            raise InvalidType(operation, written(condition), "False")


def same_types(*arrays: Operand) -> bool:
    """Whether all are of one array type."""
    return len({type(x) for x in arrays}) <= 1

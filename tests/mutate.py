"""Do the rows bite? Faults put into the texts of operations, one at a time.

``python -m tests.mutate`` changes one place of a ``forward`` or ``backward`` in memory (a sign, a
factor, an order of operands, a condition, an axis, a constant), runs the checks of the operation's
rows and of its special points, and reports what they did not notice. ``--op NAME`` takes one
operation (the class's name), ``--count N`` so many mutants of each. The exit code is 1 where an
operation has less than 95 % of its mutants killed, those apart that ``tests/mutate_equivalent.py``
explains.
"""

from __future__ import annotations

import argparse
import ast
import copy
import inspect
import re
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import numpy as np

from playground import Variable
from tests.campaign import OutOfTime, time_limit
from tests.mutate_equivalent import EQUIVALENT
from tests.op_checks import (
    cotangents,
    directions,
    first,
    first_error,
    gradients,
    inputs,
    output_errors,
    second,
    second_errors,
    values,
)
from tests.ops import ROWS
from tests.ops_points import POINTS, point_faults
from tests.rows import Case, Row, as_tuple

METHODS = ("forward", "backward")
WANTED = 0.95
OPPOSITE: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
# The order of their two arguments does not matter.
COMMUTING = {"maximum", "minimum", "max", "min", "swapaxes", "convolve", "hypot", "logaddexp"}


@dataclass(frozen=True)
class Mutant:
    """One change of one method of one class."""

    op: type
    method: str
    line: str
    changed: str
    tree: ast.Module

    @property
    def text(self) -> str:
        return f"{self.op.__name__}.{self.method}: {self.line}  ->  {self.changed}"


# ------------------------------------------------------------------------- changes of a node


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in place of an expression."""
    if isinstance(node, ast.BinOp):
        yield from _of_operator(node)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
        yield node.operand
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in OPPOSITE:
        yield _with(node, ops=[OPPOSITE[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=OPPOSITE[type(node.op)]())
    elif isinstance(node, (ast.IfExp, ast.If)):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node)
    elif isinstance(node, ast.Call) and len(node.args) > 1 and not _commutes(node):
        # The last two, which of where are the chosen ones.
        *rest, left, right = node.args
        if not any(isinstance(x, ast.Starred) for x in (left, right)):
            yield _with(node, args=[*rest, right, left])
    elif isinstance(node, ast.Return) and isinstance(node.value, (ast.BinOp, ast.Call, ast.Name)):
        yield _with(node, value=ast.UnaryOp(ast.USub(), node.value))


def _commutes(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in COMMUTING


def _of_operator(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in OPPOSITE:
        yield _with(node, op=OPPOSITE[type(node.op)]())
    if not isinstance(node.op, (ast.Add, ast.Mult)):
        yield _with(node, left=node.right, right=node.left)
    yield node.left
    if not isinstance(node.op, (ast.Sub, ast.Div, ast.Pow)):
        yield node.right


def _of_constant(node: ast.Constant) -> Iterator[ast.AST]:
    if isinstance(node.value, bool):
        yield _with(node, value=not node.value)
    elif isinstance(node.value, (int, float)):
        yield _with(node, value=node.value + 1)


def _with(node: Any, **fields: Any) -> Any:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def mutants(op: type, helpers: bool = False) -> Iterator[Mutant]:
    """All mutants of the methods that a class has from a file of operations."""
    private = [name for name in vars(op) if name.startswith("_") and name[1] != "_"]
    for name in (*METHODS, *(private if helpers else ())):
        method = inspect.getattr_static(op, name, None)
        if not inspect.isfunction(method) or "playground.functions" not in method.__module__:
            continue
        tree = parsed(method)
        before = ast.unparse(tree).splitlines()
        body = tree.body[0].body  # type: ignore[attr-defined]
        places = [node for statement in body for node in ast.walk(statement)]
        texts = {id(node): s for s in _statements(body) for node in ast.walk(s)}
        for place in places:
            for new in changes(place):
                # The longest statement that is one line of a reader's; of an if, its condition.
                line = _one_line(texts[id(place)])
                changed = _replaced(tree, place, new)
                yield Mutant(op, name, line, _difference(before, changed), changed)


def parsed(method: Callable[..., Any]) -> ast.Module:
    """The tree of a method's text."""
    return ast.parse(textwrap.dedent(inspect.getsource(method)))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        for field in ("body", "orelse"):
            yield from _statements(getattr(statement, field, []))


def _one_line(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0]


def _replaced(tree: ast.Module, place: ast.AST, new: ast.AST) -> ast.Module:
    """A copy of the tree with ``new`` in the place of one node."""

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            if node is place:
                return new
            changed = copy.copy(node)
            return self.generic_visit(changed)

        def generic_visit(self, node: ast.AST) -> ast.AST:
            for field, old in ast.iter_fields(node):
                if isinstance(old, list):
                    setattr(node, field, [self._part(x) for x in old])
                else:
                    setattr(node, field, self._part(old))
            return node

        def _part(self, x: Any) -> Any:
            return self.visit(x) if isinstance(x, ast.AST) else x

    return ast.fix_missing_locations(Replace().visit(tree))


def _difference(before: list[str], new: ast.Module) -> str:
    after = ast.unparse(new).splitlines()
    different = (b for a, b in zip(before, after, strict=False) if a != b)
    return next(different, after[-1]).strip()


# ------------------------------------------------------------------------ running the checks


def compiled(mutant: Mutant) -> Callable[..., Any]:
    """The changed method, in the names that the original sees (its class's among them)."""
    original = inspect.getattr_static(mutant.op, mutant.method)
    home = next(c for c in mutant.op.__mro__ if vars(c).get(mutant.method) is original)
    module = ast.parse(f"def shell(__class__):\n    pass\n    return {mutant.method}")
    method = copy.copy(mutant.tree.body[0])
    method.decorator_list = []  # type: ignore[attr-defined]
    # In a function of its own with a name __class__, which super() without arguments looks for.
    module.body[0].body[0] = method  # type: ignore[attr-defined]
    space: dict[str, Any] = {}
    code = compile(ast.fix_missing_locations(module), "<mutant>", "exec")
    exec(code, dict(original.__globals__), space)  # noqa: S102 (a changed text)
    return space["shell"](home)


def killed(mutant: Mutant, rows: list[Row]) -> bool:
    """Whether a check of the operation's rows or points fails, or takes too long."""
    own = mutant.method in vars(mutant.op)
    original = inspect.getattr_static(mutant.op, mutant.method)
    try:
        changed = compiled(mutant)
    except SyntaxError:
        return True
    setattr(mutant.op, mutant.method, changed)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), time_limit(60):
            warnings.simplefilter("ignore")
            cases = [(row, case) for row in rows for case in row.cases]
            if any(check(row, case) for check in CHECKS for row, case in cases):
                return True
            points = (point for point in POINTS if point.op is mutant.op)
            return any(any(point_faults(point)) for point in points)
    except (Exception, OutOfTime):
        return True
    finally:
        if own:
            setattr(mutant.op, mutant.method, original)
        else:
            delattr(mutant.op, mutant.method)


def _value(row: Row, case: Case) -> bool:
    arrays = inputs(row, case)
    expected = row.reference(*arrays, **case.args)
    return not _same(values(row, case, arrays), expected, 1e-13)


def _same(found: Any, expected: Any, room: float) -> bool:
    return len(found) == len(expected) and all(
        a.shape == b.shape
        and a.dtype == b.dtype
        and np.allclose(
            a, b, rtol=room, atol=room * max(1, np.abs(b).max(initial=0)), equal_nan=True
        )
        for a, b in zip(found, expected, strict=True)
    )


def _first(row: Row, case: Case) -> bool:
    return bool(row.order) and not first_error(row, case) < 1e-9


def _second(row: Row, case: Case) -> bool:
    return bool(row.order) and not np.max(second_errors(row, case)) < 1e-9


def _alone(row: Row, case: Case) -> bool:
    """Gradients of one input at a time, the others being constants."""
    arrays = inputs(row, case)
    if not row.order or len(arrays) < 2:
        return False
    us = cotangents(row, case, arrays)
    together = first(row, case, arrays, us)
    for i in range(len(arrays)):
        xs = [Variable(x) if i == j else x for j, x in enumerate(arrays)]
        found = gradients(row, case, xs, us)[i]
        if (found is None) != (together[i] is None):
            return True
        if found is not None and not _same([found], [together[i]], 1e-13):
            return True
    return False


def _single(row: Row, case: Case) -> bool:
    """Dtypes in float32, of the value and of derivatives of both orders."""
    arrays = inputs(row, case, "f")
    expected = [y.dtype for y in row.reference(*arrays, **case.args)]
    if [y.dtype for y in values(row, case, arrays)] != expected:
        return True
    if not row.order or "f" not in row.dtypes:
        return False
    us, vs = cotangents(row, case, arrays), directions(row, case, arrays, "second")
    found = first(row, case, arrays, us) + second(row, case, arrays, us, vs)[0]
    wanted = [x.dtype for x in arrays] * 2
    return any(g is not None and g.dtype != w for g, w in zip(found, wanted, strict=True))


def _ties(row: Row, case: Case) -> bool:
    if case is not row.cases[0]:
        return False
    for tie in row.ties:
        xs = [Variable(np.array(x)) for x in tie.inputs]
        (y,) = as_tuple(row(*xs, **tie.args))
        y.grad = np.ones_like(y.array)
        y.backward()
        for x, expected in zip(xs, tie.gradients, strict=True):
            if not np.allclose(x.grad, np.array(expected, float), rtol=1e-14):
                return True
    return False


def _outputs(row: Row, case: Case) -> bool:
    several = len(row.reference(*inputs(row, case), **case.args)) > 1
    # NumPy's largest, which is NaN if one is.
    return bool(row.order) and several and not np.max(output_errors(row, case)) < 1e-9


CHECKS = (_value, _first, _alone, _outputs, _second, _ties, _single)


def operations() -> dict[type, list[Row]]:
    """Each class with its rows, those with the fewest cases first."""
    found: dict[type, list[Row]] = {}
    for row in ROWS:
        if row.op is not None:
            found.setdefault(row.op, []).append(row)
    return found


def is_explained(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


def is_equivalent(mutant: Mutant) -> bool:
    return any(is_explained(pattern, mutant.text) for pattern in EQUIVALENT)


def report(
    op: type, rows: list[Row], count: int | None, helpers: bool = False
) -> tuple[int, int, list[str]]:
    """Mutants, those killed, and the texts of the survivors."""
    chosen = [m for m in mutants(op, helpers) if not is_equivalent(m)]
    if count is not None and len(chosen) > count:
        chosen = Random(op.__name__).sample(chosen, count)
    survivors = [mutant.text for mutant in chosen if not killed(mutant, rows)]
    return len(chosen), len(chosen) - len(survivors), survivors


def main(argv: list[str] | None = None) -> int:
    """Mutate the operations and print what survived."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--op", action="append", help="a class's name; may be given again")
    parser.add_argument("--count", type=int, help="mutants of each operation; default: all")
    parser.add_argument(
        "--helpers",
        action="store_true",
        help="also the classes' private methods (what they refuse in jvp and in third derivatives "
        "has tests of its own, in tests/functions/test_matrix_functions.py)",
    )
    options = parser.parse_args(argv)
    made = caught = 0
    weak: list[str] = []
    for op, rows in operations().items():
        if options.op and op.__name__ not in options.op:
            continue
        n, kills, survivors = report(op, rows, options.count, options.helpers)
        made, caught = made + n, caught + kills
        if kills < WANTED * n:
            weak.append(op.__name__)
        if n:
            print(f"{op.__name__}: {kills} of {n} killed", flush=True)
        for text in survivors:
            print(f"    survived  {text}", flush=True)
    print(f"{caught} of {made} mutants killed; below {WANTED:.0%}: {' '.join(weak) or 'none'}")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())

"""Python 2 sources, translated when they are read; nothing is written to disk.

The grammar is fissix's, which goes on with Python's own lib2to3 (taken where fissix is not
installed, up to Python 3.12). What it cannot know is what ``/`` divides: in a translated source
whole numbers are divided as Python 2 did, and the line is noted.
"""

from __future__ import annotations

import ast
import io
import operator
import tokenize
import warnings
from difflib import SequenceMatcher
from functools import cache
from importlib import import_module
from typing import Any

from playground.compat.used import USES
from playground.graph.errors import InputError, MissingLibraryError
from playground.graph.types import Operand

# Built-in names that Python 2 had, and whose use makes a source one of Python 2.
OLD_BUILTINS = frozenset({
    "basestring", "cmp", "execfile", "file", "long", "raw_input", "reduce", "reload", "unichr",
    "unicode", "xrange",
})  # fmt: skip
OLD_DICT_METHODS = frozenset({"has_key", "iteritems", "iterkeys", "itervalues"})
# What a translated source finds that the translator leaves alone.
LEFT: dict[str, Any] = {"file": open, "cmp": lambda a, b: (a > b) - (a < b)}

_TRANSLATORS = ("fissix", "lib2to3")


def decoded(data: bytes) -> str:
    """The text of a source, in the encoding that it names; Latin-1 where it names a wrong one."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except (SyntaxError, UnicodeDecodeError):
        return io.TextIOWrapper(io.BytesIO(data), "latin-1").read()


def parsed(text: str, path: str) -> ast.Module:
    """The tree of a source of today's Python. Raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of "\d" in old strings, told while the script runs
        return ast.parse(text, path)


def reason(text: str, path: str) -> str | None:
    """Why a source is Python 2, in words; None where it is not."""
    try:
        tree = parsed(text, path)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except ValueError as error:  # a null byte
        return str(error)
    bound = _defined(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in OLD_BUILTINS - bound:
            return f"line {node.lineno}: {node.id}"
        if isinstance(node, ast.Attribute) and node.attr in OLD_DICT_METHODS:
            return f"line {node.lineno}: .{node.attr}()"
    return None


def _defined(tree: ast.Module) -> set[str]:
    """The names that a source gives to something of its own."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):  # a parameter called file is nobody's builtin
            found.add(node.arg)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    # What a star brings is not to be seen: any name may be one of it.
    return found | OLD_BUILTINS if "*" in found else found


@cache
def _translator(print_function: bool) -> Any:
    for name in _TRANSLATORS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                refactor = import_module(f"{name}.refactor")
        except ImportError:
            continue
        fixers = refactor.get_fixers_from_package(f"{name}.fixes")
        if print_function:
            fixers.remove(f"{name}.fixes.fix_print")
        return refactor.RefactoringTool(fixers, {"print_function": print_function})
    raise MissingLibraryError(
        "this source is Python 2, and what translates it is not installed: "
        "pip install fissix (or: pip install -e '.[python2]')"
    )


def translated(text: str, path: str) -> str:
    """The same in today's Python. Raises InputError where it is no Python of any age."""
    # Python 2 took a tab for as many spaces as lead to the next column of eight.
    lines = [_leading_spaces(line) for line in text.splitlines()]
    # Where all of it is Python 3's grammar, print is the function: print(a, b) is no tuple.
    tool = _translator(_is_todays_grammar(text, path))
    try:
        found = str(tool.refactor_string("\n".join(lines) + "\n", path))
        parsed(found, path)
    except SyntaxError as error:
        raise InputError(
            f"{path}: neither Python 3 nor 2: line {error.lineno}: {error.msg}"
        ) from error
    except Exception as error:  # each translator has a ParseError of its own
        if type(error).__name__ not in ("ParseError", "TokenError"):
            raise
        # In the words of today's parser: the translator's are those of its tables.
        raise InputError(f"{path}: neither Python 3 nor 2: {reason(text, path)}") from error
    return found


def _is_todays_grammar(text: str, path: str) -> bool:
    try:
        parsed(text, path)
    except (SyntaxError, ValueError):
        return False
    return True


def _leading_spaces(line: str) -> str:
    body = line.lstrip(" \t")
    return line[: len(line) - len(body)].expandtabs(8) + body


def changes(before: str, after: str) -> list[tuple[int, str, str]]:
    """The lines that differ: number in ``before``, and both texts."""
    old, new = before.splitlines(), after.splitlines()
    found = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        if j - i != m - k:
            found.append((i + 1, _on_one_line(old[i:j]), _on_one_line(new[k:m])))
        else:
            pairs = zip(range(i, j), old[i:j], new[k:m], strict=True)
            found += [(line + 1, a.strip(), b.strip()) for line, a, b in pairs]
    # What differs in its leading tabs alone is not worth a line.
    return [change for change in found if change[1] != change[2]]


def _on_one_line(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


# ------------------------------------------------------------------------------------ division


def tree_of(text: str, path: str) -> ast.Module:
    """A translated source, in which whole numbers are divided as Python 2 did."""
    tree = parsed(text, path)
    if not _divides_truly(tree):
        tree = ast.fix_missing_locations(_Division().visit(tree))
    return tree


def _divides_truly(tree: ast.Module) -> bool:
    futures = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    return any(alias.name == "division" for node in futures for alias in node.names)


class _Division(ast.NodeTransformer):
    """``a / b`` as ``_old_quotient(a, b)``, ``a /= b`` as ``a = _old_quotient_in_place(a, b)``."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        return ast.copy_location(_call(old_quotient, node.left, node.right), node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        value = ast.parse(ast.unparse(node.target), mode="eval").body
        call = _call(old_quotient_in_place, value, node.value)
        return ast.copy_location(ast.Assign(targets=[node.target], value=call), node)


def _call(function: Any, *args: ast.expr) -> ast.Call:
    name = ast.Name(id=f"_{function.__name__}", ctx=ast.Load())
    return ast.Call(func=name, args=list(args), keywords=[])


def _is_integer(x: Operand) -> bool:
    return isinstance(x, int) or getattr(getattr(x, "dtype", None), "kind", "f") in "iub"


def old_quotient(a: Any, b: Any) -> Any:
    """Python 2's ``a / b``."""
    if _is_integer(a) and _is_integer(b):
        USES.note("/ of whole numbers", "//")
        return a // b
    return a / b


def old_quotient_in_place(a: Any, b: Any) -> Any:
    """Python 2's ``a /= b``, which changes an array."""
    if _is_integer(a) and _is_integer(b):
        USES.note("/= of whole numbers", "//=")
        return operator.ifloordiv(a, b)
    return operator.itruediv(a, b)


LEFT |= {"_old_quotient": old_quotient, "_old_quotient_in_place": old_quotient_in_place}

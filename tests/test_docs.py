"""Every page of ``docs`` and the README: its Python blocks run, and show what they compute.

The blocks of a page run from top to bottom in one namespace, in an empty folder. A comment on the
last line of a top-level statement, or right below it, says what comes of the statement:

    grad(np.sin)(0.0)  # -> 1.0
    value, slope = value_and_grad(np.exp)(0.0)  # -> (1.0, 1.0)
    hessian(f)(x)
    # -> [[2.0, 0.0],
    #     [0.0, 2.0]]
    grad(f)("text")  # raises TypeError: argument 0 must be … got a str
    grad(lambda x: 3.0)(1.0)  # warns UserWarning: the output does not depend on argument 0

Arrays and Variables are shown as lists. A number with three or more decimals is rounded to the last
of them, any other is exact; ``…`` stands for any text.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as pyplot
import numpy as np
import pytest

import playground
from playground import Variable
from tests.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CLAIM = re.compile(r"# *(->|raises|warns) +(.*)", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*(?:e[-+]?\d+)?|nan\b|inf\b)")
ANY = "\N{HORIZONTAL ELLIPSIS}"

# What a page speaks of without saying what it is.
STAND_INS: dict[str, dict[str, Any]] = {
    "plain-numpy.md": {
        "Any": Any,
        "Variable": Variable,
        "np": np,
        "playground": playground,
        "point": np.array([0.5, -1.0]),
        "direction": np.array([1.0, 2.0]),
        "data": (np.eye(2),),
        "function": lambda x, A: ((A @ x) ** 4).sum(),
    }
}


class Claim(NamedTuple):
    """What a page says of a statement: the value it gives (``->``), its error or its warning."""

    kind: str
    text: str


# ------------------------------------------------------------------------------- reading a page


def blocks(page: str) -> list[str]:
    """The blocks, each behind so many empty lines that its lines have the page's numbers."""
    return ["\n" * page.count("\n", 0, m.start(1)) + m[1] for m in BLOCK.finditer(page)]


def claims(code: str) -> dict[int, Claim]:
    """By the line where each starts; the comments on the lines right below go on with it."""
    found: dict[int, Claim] = {}
    start = last = -1
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, match = token.start[0], CLAIM.match(token.string)
        if match:
            found[line], start = Claim(match[1], match[2]), line
        elif start >= 0 and line == last + 1 and token.line.lstrip().startswith("#"):
            found[start] = Claim(found[start].kind, found[start].text + "\n" + token.string[1:])
        else:
            start = -1
        last = line
    return found


def claimed(statement: ast.stmt, found: dict[int, Claim], lines: list[str]) -> Claim | None:
    """The claim on a statement's last line, or that on the next; it is taken out of ``found``."""
    end = statement.end_lineno or 0
    below = end < len(lines) and lines[end].startswith("#")
    return found.pop(end, None) or (found.pop(end + 1, None) if below else None)


# ------------------------------------------------------------------------------ running a page


def run(code: str, namespace: dict[str, Any], name: str) -> None:
    """Execute a block statement by statement, and check what its comments claim."""
    found, lines = claims(code), code.split("\n")
    for statement in ast.parse(code, name).body:
        claim = claimed(statement, found, lines)
        try:
            check(statement, namespace, claim)
        except BaseException as error:
            error.add_note(f"at {name}:{statement.lineno}: {ast.unparse(statement)}")
            raise
    assert not found, f"{name}: comments that belong to no top-level statement: {found}"


def check(statement: ast.stmt, namespace: dict[str, Any], claim: Claim | None) -> None:
    if claim is None:
        value_of(statement, namespace)
    elif claim.kind == "->":
        value = shown(value_of(statement, namespace))
        assert matches(claim.text, value), f"the page shows {claim.text}, it is {value}"
    else:
        check_message(statement, namespace, claim)


def check_message(statement: ast.stmt, namespace: dict[str, Any], claim: Claim) -> None:
    """An error or a warning: its class, and the fragments of its text, whatever the spaces."""
    kind, _, text = claim.text.partition(":")
    if claim.kind == "warns":
        with pytest.warns() as record:
            value_of(statement, namespace)
        raised: Any = record[0].message
    else:
        with pytest.raises(Exception) as caught:  # noqa: PT011 (its class is compared below)
            value_of(statement, namespace)
        raised = caught.value
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in text.split(ANY))
    message = " ".join(str(raised).split())
    fits = kind == type(raised).__name__ and re.search(pattern, message)
    assert fits, f"the page shows {claim.text}, it is {type(raised).__name__}: {message}"


def value_of(statement: ast.stmt, namespace: dict[str, Any]) -> Any:
    """The value of an expression, or of the targets of an assignment; None of anything else."""
    if isinstance(statement, ast.Expr):
        return evaluated(statement.value, namespace)
    exec(compile(ast.Module([statement], []), "page", "exec"), namespace)  # noqa: S102
    is_assignment = isinstance(statement, ast.Assign)
    return evaluated(statement.targets[0], namespace) if is_assignment else None


def evaluated(expression: ast.expr, namespace: dict[str, Any]) -> Any:
    return eval(ast.unparse(expression), namespace)  # noqa: S307 (the pages are our own)


# ---------------------------------------------------------------- what is shown, and what it is


def shown(value: Any) -> str:
    """A value in full: arrays and Variables as lists, their elements as Python's numbers."""
    if isinstance(value, Variable):
        return shown(value.array)
    if isinstance(value, (np.ndarray, np.generic)):
        return repr(value.tolist())
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(shown, value)) + ("," * (len(value) == 1)) + ")"
    return repr(value) if isinstance(value, str) else str(value)


def matches(text: str, value: str) -> bool:
    """Whether a page's text stands for a value: the same, but for spaces and rounding."""
    frames = ["".join(NUMBER.sub("#", part).split()) for part in (text, value)]
    numbers = [NUMBER.findall(part) for part in (text, value)]
    return frames[0] == frames[1] and all(map(is_rounded, *numbers))


def is_rounded(text: str, value: str) -> bool:
    exact = float(value)
    if not math.isfinite(exact):
        return text == value
    mantissa, _, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    allowed = max(1e-9, 1e-9 * abs(exact))
    if decimals >= 3:
        allowed = 0.51 * 10.0 ** (int(exponent or 0) - decimals)
    return abs(float(text) - exact) <= allowed


# ----------------------------------------------------------------------------------- the tests


def test_there_are_pages() -> None:
    assert {"README.md", "transforms.md", "with-others.md"} <= {page.name for page in PAGES}


@pytest.mark.filterwarnings("error::UserWarning", "error::RuntimeWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From top to bottom, as a reader would type it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    namespace: dict[str, Any] = {"__name__": "page", **STAND_INS.get(page.name, {})}
    for code in blocks(page.read_text(encoding="utf-8")):
        run(code, namespace, page.name)
    pyplot.close("all")


@pytest.mark.parametrize(
    "code",
    [
        "1 + 1  # -> 2",
        "x = 2 / 3\nx  # -> 0.6667",
        "x, y = 1, 'a'  # -> (1, 'a')",
        "np.eye(2)\n# -> [[1., 0.],\n#     [0., 1.]]",
        "np.float32(0.5)  # -> 0.5",
        "2e-7 / 3  # -> 6.667e-8",
        "{'a': np.arange(2), 'b': (1.5,)}  # -> {'a': [0, 1], 'b': (1.5,)}",
        "np.array([12345.678, np.nan, -np.inf])  # -> [1.2346e4, nan, -inf]",
        "1 / 0  # raises ZeroDivisionError: division",
        "int('a')  # raises ValueError: invalid … 'a'",
        "import warnings\nwarnings.warn('one two')  # warns UserWarning: one",
        "'# -> no claim'",
    ],
)
def test_what_is_right_passes(code: str) -> None:
    run(code, {"np": np}, "page")


@pytest.mark.parametrize(
    "code",
    [
        "1 + 1  # -> 3",
        "2 / 3  # -> 0.6666",
        "2 / 3  # -> 0.67",
        "2e-7 / 3  # -> 6.666e-8",
        "0.5 + 2e-6  # -> 0.5",
        "np.eye(2)\n# -> [[1., 0.],\n#     [0., 2.]]",
        "np.eye(2)  # -> [1., 0., 0., 1.]",
        "(1, 2)  # -> (1, 2, 3)",
        "np.nan  # -> 1.0",
        "x = 2  # -> 3",
        "True  # -> False",
        "1 / 0  # raises ValueError: division",
        "1 / 0  # raises ZeroDivisionError: something else",
        "def f():\n    return 1  # -> 1",
        "for i in range(2):\n    i  # -> 1\n\ni",
        "\n# -> 1",
    ],
)
def test_what_is_wrong_fails(code: str) -> None:
    with pytest.raises(AssertionError):
        run(code, {"np": np}, "page")


@pytest.mark.parametrize("claim", ["raises ValueError: a", "warns UserWarning: a"])
def test_what_does_not_happen_fails(claim: str) -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT"):
        run(f"1 + 1  # {claim}", {}, "page")


def test_blocks_of_a_page() -> None:
    page = "text\n```python\na = 1\n```\n\n```\nno code\n```\n```python\na  # -> 1\n```\n"
    first, second = blocks(page)
    assert first == "\n\na = 1\n"
    assert second.lstrip("\n") == "a  # -> 1\n"
    assert second.count("\n") == 10

"""What every file of the package and of the experiments keeps to, read from its text."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.house_figures import body_length
from tests.loops import for_each
from tests.paths import ROOT

PACKAGE = sorted((ROOT / "playground").rglob("*.py"))
EXPERIMENTS = sorted((ROOT / "experiments").rglob("*.py"))
FILES = [*PACKAGE, *EXPERIMENTS]
LONGEST_FUNCTION = 40


def by_file(files: list[Path]) -> Callable[[Callable[[Any], None]], Callable[[], None]]:
    return for_each(files, lambda path: str(path.relative_to(ROOT)))


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_there_is_something_to_read() -> None:
    assert len(PACKAGE) > 15
    assert len(EXPERIMENTS) > 3


@by_file(FILES)
def test_no_function_is_long(file: Path) -> None:
    long = {f.name: body_length(f) for f in functions(parsed(file))}
    assert {name: n for name, n in long.items() if n > LONGEST_FUNCTION} == {}


def test_the_median_function_is_short() -> None:
    lengths = sorted(body_length(f) for file in PACKAGE for f in functions(parsed(file)))
    assert lengths[len(lengths) // 2] <= 8


@by_file(PACKAGE)
def test_no_assert_in_the_library(file: Path) -> None:
    """It vanishes under ``python -O``, and its message helps nobody."""
    assert [n.lineno for n in ast.walk(parsed(file)) if isinstance(n, ast.Assert)] == []


CODE = ("eval", "exec", "compile", "__import__")
# What runs the script that a user names, or that is to be timed, and what writes a recorded program
# down as Python.
RUNS_CODE = (("compat", "sources.py"), ("recording", "source.py"), ("bench", "script_worker.py"))


@by_file(FILES)
def test_no_code_from_data(file: Path) -> None:
    """Neither eval nor exec nor pickle, nor a NumPy loader that unpickles."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Call):
            runs = file.parts[-2:] in RUNS_CODE and ast.unparse(node.func) in ("exec", "compile")
            assert runs or ast.unparse(node.func) not in CODE
            for keyword in node.keywords:
                allowed = isinstance(keyword.value, ast.Constant) and not keyword.value.value
                assert keyword.arg != "allow_pickle" or allowed
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {"pickle", "cPickle", "dill", "marshal", "shelve"} & {*names}


# Scripts for Chainer seed NumPy's global generator and expect its numbers: one module names it,
# for all that draws under a name of Chainer's, and everything else is given its generator.
DRAWS_AS_CHAINER = ROOT / "playground" / "graph" / "random.py"


@by_file([file for file in FILES if file != DRAWS_AS_CHAINER])
def test_no_global_random_generator(file: Path) -> None:
    """Randomness is passed in: a Generator or a RandomState, never numpy.random itself."""
    made = {"default_rng", "RandomState", "Generator", "SeedSequence", "PCG64", "BitGenerator"}
    # To set a user's back draws nothing.
    made |= {"get_state", "set_state"}
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in (
            "np.random",
            "numpy.random",
        ):
            assert node.attr in made, f"line {node.lineno}"


@by_file(FILES)
def test_every_module_and_public_class_says_what_it_is(file: Path) -> None:
    tree = parsed(file)
    assert ast.get_docstring(tree)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


@by_file(PACKAGE)
def test_public_functions_have_type_hints(file: Path) -> None:
    for function in functions(parsed(file)):
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        bare = [a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")]
        assert bare == [], function.name
        assert function.returns is not None, function.name


@by_file(FILES)
def test_no_bare_except_hides_an_error(file: Path) -> None:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}"
            silent = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
            broad = ast.unparse(node.type) in ("Exception", "BaseException")
            assert not (silent and broad), f"line {node.lineno}"


def test_body_length_leaves_the_docstring_out() -> None:
    text = 'def f():\n    """One\n\n    two."""\n    x = 1\n\n    return x\n'
    (function,) = functions(ast.parse(text))
    assert body_length(function) == 3

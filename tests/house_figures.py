"""Figures of the house, read from its text: ``python -m tests.house_figures [FOLDER …]``.

Without a folder, the package itself, with what a reader passes through on the way of a Hessian and
of a step of ``fit``. With folders (another library beside it, an older checkout), the figures that
can be read from text, a column each.

- A *name defined twice* is a function, class or constant at the top of more than one module,
  dunders and a module's ``main`` apart.
- A *helper used once* is a private function at the top of a module that one other place names;
  the lines that it is counted by are those that are not blank.
- A *comment* is a line that is nothing but one; rulers and words to tools do not count.
- *Plain Any* is a parameter annotated ``Any`` and nothing else.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from tests.paths import ROOT

PACKAGE = ROOT / "playground"
RULER = re.compile(r"#\s*[-=─]{5,}")
FOR_TOOLS = re.compile(r"#\s*(noqa|type:|ruff:|mypy:|fmt:|pragma)")
FunctionDef = ast.FunctionDef | ast.AsyncFunctionDef


class Text(NamedTuple):
    """One module, read once."""

    path: Path
    lines: list[str]
    tree: ast.Module


def texts(folder: Path) -> list[Text]:
    """Every module below a folder, tests apart."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        if "tests" not in path.relative_to(folder).parts:
            text = path.read_text(encoding="utf-8")
            found.append(Text(path, text.splitlines(), ast.parse(text)))
    return found


def length(modules: list[Text]) -> int:
    """Lines of all modules."""
    return sum(len(module.lines) for module in modules)


def filled(modules: list[Text]) -> int:
    """Those among them that are not blank."""
    return sum(bool(line.strip()) for module in modules for line in module.lines)


def _assigned(statement: ast.stmt) -> Iterator[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def top_names(tree: ast.Module) -> set[str]:
    """The names that a module defines at its top."""
    names: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, (*FunctionDef.__args__, ast.ClassDef)):
            names.add(statement.name)
        names.update(_assigned(statement))
    return {n for n in names if n != "main" and not (n.startswith("__") and n.endswith("__"))}


def chainers_doors() -> set[tuple[str, str]]:
    """Modules below the package, each with a name that Chainer has there, by no choice here."""
    rows = (PACKAGE / "data" / "chainer-names.tsv").read_text(encoding="utf-8").splitlines()[1:]
    doors = set()
    for namespace, name, _, home in (row.split("\t") for row in rows):
        doors |= {(place.removeprefix("chainer."), name) for place in (namespace, home)}
    return doors


def names_of_several(modules: list[Text]) -> tuple[dict[str, list[Path]], int]:
    """The names that more than one module defines, with their places; and how many there are.

    Where Chainer has a name on a door, such as ``to_cpu`` in ``backends.cuda``, that door is
    Chainer's.
    """
    places: dict[str, list[Path]] = {}
    doors = chainers_doors()
    for module in modules:
        inside = module.path.is_relative_to(PACKAGE)
        path = module.path.relative_to(PACKAGE).with_suffix("").parts if inside else ()
        door = ".".join(path[:-1] if path[-1:] == ("__init__",) else path)
        for name in top_names(module.tree):
            if (door, name) not in doors or door.startswith(("functions", "graph")):
                places.setdefault(name, []).append(module.path)
    return {name: where for name, where in places.items() if len(where) > 1}, len(places)


def _named(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def helpers_used_once(modules: list[Text]) -> list[tuple[Path, str]]:
    """Private functions that one place alone names, in their own module or where imported."""
    used: Counter[str] = Counter()
    for module in modules:
        used.update(_named(module.tree))
    return [
        (module.path, statement.name)
        for module in modules
        for statement in module.tree.body
        if isinstance(statement, FunctionDef)
        and re.match(r"_[^_]", statement.name)
        and used[statement.name] == 1
    ]


def comments(modules: list[Text]) -> int:
    """Lines that are a comment and nothing else."""
    lines = (line.strip() for module in modules for line in module.lines)
    return sum(
        line.startswith("#") and not RULER.match(line) and not FOR_TOOLS.match(line)
        for line in lines
    )


def functions(modules: list[Text]) -> Iterator[FunctionDef]:
    """Every function and method."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, FunctionDef):
                yield node


def parameters(modules: list[Text]) -> tuple[int, int]:
    """How many parameters are annotated ``Any`` and nothing else, and how many at all."""
    plain = annotated = 0
    for function in functions(modules):
        a = function.args
        for argument in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg):
            if argument is not None and argument.annotation is not None:
                annotated += 1
                plain += ast.unparse(argument.annotation) == "Any"
    return plain, annotated


def lengths(modules: list[Text]) -> list[int]:
    """The lengths of all functions, from ``def`` to the last line, docstrings apart."""
    return sorted(body_length(function) for function in functions(modules))


def body_length(function: FunctionDef) -> int:
    """Lines of the body, without the docstring."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def passed_through(work: Callable[[], Any]) -> tuple[int, int]:
    """The functions and files of the package that a call runs through, the second time."""
    work()  # what is loaded or made once is not on the way
    seen: set[Any] = set()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(PACKAGE)):
            seen.add(frame.f_code)

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return len(seen), len({code.co_filename for code in seen})


def _hessian() -> Any:
    import numpy as np

    from playground.transforms import hessian

    Q = np.array([[2.0, -1.0], [-1.0, 2.0]])
    point = np.array([0.3, -0.2])
    return lambda: hessian(lambda x: 0.5 * x @ Q @ x + np.sin(x).sum())(point)


def _step_of_fit() -> Any:
    """Two runs whose lengths differ by one step pass through the same; so does each step."""
    import numpy as np

    import playground
    from playground.lab.descent import MaxSteps

    X = np.random.default_rng(0).random((3, 3))

    def run() -> Any:
        loss = lambda Y: ((X @ Y - np.eye(3)) ** 2).sum()  # noqa: E731
        return playground.fit(loss, np.zeros((3, 3)), stop=MaxSteps(20))

    return run


def rows(modules: list[Text]) -> dict[str, str]:
    """The figures that can be read from text, by what they are called."""
    several, names = names_of_several(modules)
    lines, once = length(modules), helpers_used_once(modules)
    plain, annotated = parameters(modules)
    sizes = lengths(modules)
    return {
        "lines": f"{lines:,}",
        "names defined in more than one module": f"{len(several)} ({len(several) / names:.1%})",
        "private helpers used once, per 1,000 lines": f"{1000 * len(once) / filled(modules):.1f}",
        "comments per 100 lines": f"{100 * comments(modules) / lines:.1f}",
        "plain Any among annotated parameters": f"{plain / max(annotated, 1):.0%}",
        "functions: median, longest": f"{sizes[len(sizes) // 2]}, {sizes[-1]}",
    }


def _passages() -> dict[str, str]:
    ways = {"hessian(f)(x)": _hessian(), "fit, 20 steps": _step_of_fit()}
    counted = {name: passed_through(work) for name, work in ways.items()}
    return {
        f"functions, files that {name} runs through": f"{found[0]}, {found[1]}"
        for name, found in counted.items()
    }


def main(argv: list[str] | None = None) -> int:
    """Print the table; with ``--names``, also the places behind the first figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--names", action="store_true", help="list what the figures count")
    settings = parser.parse_args(argv)
    folders = settings.folders or [PACKAGE]
    tables = [rows(texts(folder)) for folder in folders]
    if not settings.folders:
        tables[0] |= _passages()
    print("|  | " + " | ".join(str(folder.name) for folder in folders) + " |")
    print("|---" * (len(folders) + 1) + "|")
    for name in tables[0]:
        print(f"| {name} | " + " | ".join(table[name] for table in tables) + " |")
    if settings.names:
        _list(folders)
    return 0


def _list(folders: list[Path]) -> None:
    for folder in folders:
        modules = texts(folder)
        for name, places in sorted(names_of_several(modules)[0].items()):
            print(f"{name}: {', '.join(str(place.relative_to(folder)) for place in places)}")
        for path, name in helpers_used_once(modules):
            print(f"used once: {path.relative_to(folder)} {name}")


if __name__ == "__main__":
    sys.exit(main())

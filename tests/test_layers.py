"""The house: a module imports from its own layer and those below, and heavy libraries lazily."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import playground
from tests.loops import for_each

ROOT = Path(playground.__file__).resolve().parent

# Longest prefix wins. A new module goes where it belongs in this list, lowest layer first.
LAYERS: dict[str, int] = {
    "playground._version": 0,
    "playground.graph": 0,
    "playground.graph.config": 0,
    "playground._interrupts": 0,
    "playground.graph.errors": 0,
    "playground.graph.backend": 0,
    "playground.graph.types": 0,
    "playground.graph.drafts": 0,
    "playground.graph.special": 0,
    "playground.graph.questions": 0,
    "playground.graph.random": 0,
    "playground.graph.nonfinite": 1,
    "playground.graph.function_hook": 1,
    "playground.graph.unselected": 1,
    "playground.graph.backprop": 1,
    "playground.graph.variable": 2,
    "playground.graph.parameter": 3,
    "playground.graph.function_node": 3,
    "playground.graph.op": 3,
    "playground.graph.function": 3,
    "playground.graph.backward": 3,
    "playground.graph.type_check": 1,
    "playground.backend": 5,
    "playground.backends": 5,
    "playground.modes": 5,
    "playground.utils": 6,
    "playground.testing": 6,
    "playground.functions": 4,
    "playground.interpreters": 5,
    "playground.transforms": 6,
    "playground.gradient_check": 6,
    "playground.initializer": 6,
    "playground.initializers": 6,
    "playground.function_hooks": 6,
    "playground.link_hook": 6,
    "playground.link_hooks": 6,
    "playground.links": 6,
    "playground.reporter": 6,
    "playground.computational_graph": 6,
    "playground.dataset": 6,
    "playground.datasets": 6,
    "playground.distribution": 6,
    "playground.distributions": 6,
    "playground.iterators": 6,
    "playground.training": 6,
    "playground.optimizers": 6,
    "playground.optimizer": 6,
    "playground.optimizer_hooks": 6,
    "playground.serializer": 6,
    "playground.serializers": 6,
    # Whole files, which snapshots are as well.
    "playground.lab.files": 0,
    "playground.lab": 7,
    "playground.inverse": 8,
    "playground.eigenvalue": 8,
    "playground.quadratic": 8,
    "playground.field": 8,
    "playground.logistic": 8,
    "playground.__main__": 8,
    "playground.doctor": 8,
    "playground.runs": 8,
    "playground.compat": 8,
    "playground.run": 8,
    "playground": 9,
}

STUDIES = ("inverse", "eigenvalue", "quadratic", "field", "logistic")
# Where each of these may be imported, and only inside a function.
LAZY: dict[str, tuple[str, ...]] = {
    "cupy": ("playground.graph.backend",),
    "cupyx": ("playground.graph.special",),
    "scipy": ("playground.graph.special",),
    "pandas": ("playground.lab.runlog", "playground.lab.reading.workbooks"),
    # The pictures of Chainer's extensions have its looks and stand below the lab's.
    "matplotlib": (
        "playground.lab.plot",
        "playground.training.extensions.drawing",
        *(f"playground.{study}.pictures" for study in STUDIES),
    ),
    "sympy": ("playground.interpreters.symbols",),
    "pytest": ("playground.testing",),
    "h5py": ("playground.serializers.hdf5",),
    "PIL": ("playground.datasets.image_dataset", "playground.lab.plot.canvas"),
}
# What the package may import at all, besides the standard library and itself.
ALLOWED = {"numpy", *LAZY}


@dataclass(frozen=True)
class Import:
    """One import statement: what, and whether it runs when the module is imported."""

    target: str
    eager: bool


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


@cache
def imports_of(module: str) -> list[Import]:
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    return list(_imports(tree, module, eager=True))


def _imports(node: ast.AST, module: str, eager: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            # For type checkers alone; what stands in its else does run.
            yield from _imports(ast.Module(child.orelse, []), module, eager)
        elif isinstance(child, ast.Import):
            yield from (Import(alias.name, eager) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (Import(name, eager) for name in _sources(child, module))
        else:
            inner = eager and not isinstance(child, (ast.FunctionDef, ast.Lambda))
            yield from _imports(child, module, inner)


def _sources(statement: ast.ImportFrom, module: str) -> list[str]:
    """The modules that ``from … import …`` names; a submodule counts as itself."""
    base = statement.module or ""
    if statement.level:
        package = FILES[module].name == "__init__.py"
        parent = module.split(".")[: None if package and statement.level == 1 else -1]
        base = ".".join([*parent[: len(parent) - statement.level + 1], *([base] if base else [])])
    names = [f"{base}.{alias.name}" for alias in statement.names]
    return [name if name in FILES else base for name in names]


def layer(module: str) -> int:
    parts = module.split(".")
    prefixes = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    known = next((prefix for prefix in prefixes if prefix in LAYERS), None)
    if known is None or (known == "playground" and module != "playground"):
        raise AssertionError(f"{module} stands in no layer: add it to LAYERS where it belongs")
    return LAYERS[known]


@for_each([*FILES])
def test_imports_go_downward(module: str) -> None:
    for found in imports_of(module):
        if found.target.split(".")[0] == "playground":
            above = layer(found.target) > layer(module)
            assert not above, f"{module} (layer {layer(module)}) imports {found.target}"


@for_each([*FILES])
def test_heavy_libraries_have_one_home_and_come_late(module: str) -> None:
    for found in imports_of(module):
        library = found.target.split(".")[0]
        if library in LAZY:
            homes = LAZY[library]
            assert any(module == home or module.startswith(f"{home}.") for home in homes), found
            assert not found.eager, f"{module} imports {library} before it is asked for"


@for_each([*FILES])
def test_nothing_else_is_needed(module: str) -> None:
    libraries = {found.target.split(".")[0] for found in imports_of(module)}
    assert libraries - sys.stdlib_module_names - {"playground"} <= ALLOWED


def test_no_module_imports_itself_in_a_circle() -> None:
    """Eager imports within one layer form no circle."""
    graph = {
        module: {f.target for f in imports_of(module) if f.eager and f.target in FILES}
        for module in FILES
    }
    done: set[str] = set()
    while ready := [module for module in graph if module not in done and graph[module] <= done]:
        done.update(ready)
    assert set(graph) - done == set()


PROBE = """
import sys
import playground
playground.Variable, playground.functions, playground.grad
late = {"pandas", "matplotlib", "cupy", "scipy", "sympy", "sqlite3", "playground.lab"}
print(*sorted(late & {*sys.modules}))
"""


def test_importing_the_package_loads_no_heavy_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=ROOT.parent,
        text=True,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == []


def test_the_reader_of_imports_sees_them() -> None:
    """Of every kind: plain, from, relative, in a function, for type checkers."""
    FILES["playground.probe.inner"] = Path("inner.py")
    try:
        text = (
            "import a.b\nfrom playground import graph\nfrom playground.graph import config\n"
            "from . import near\nfrom ..far import thing\n"
            "if TYPE_CHECKING:\n    import never\nelse:\n    import indeed\n"
            "try:\n    import tried\nexcept ImportError:\n    pass\n"
            "def f():\n    import late\n    from pandas import DataFrame\n"
        )
        found = list(_imports(ast.parse(text), "playground.probe.inner", eager=True))
    finally:
        del FILES["playground.probe.inner"]
    eager = [f.target for f in found if f.eager]
    assert eager[:3] == ["a.b", "playground.graph", "playground.graph.config"]
    assert eager[3:] == ["playground.probe", "playground.far", "indeed", "tried"]
    assert [f.target for f in found if not f.eager] == ["late", "pandas"]

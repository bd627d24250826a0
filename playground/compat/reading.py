"""What a script uses of Chainer, read from its text: ``python -m playground.run --check``."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from playground.compat import idioms, python2, years
from playground.compat.differences import DIFFERENCES
from playground.compat.hook import advice, is_found
from playground.compat.names import public
from playground.compat.sources import source_bytes
from playground.graph.errors import InputError, PlaygroundError
from playground.lab.cli.streams import complain, say

# Keywords of Chainer 1 and methods of its objects -> what to write instead.
KEYWORDS = {
    "volatile": idioms.VOLATILE,
    "wscale": "initialW=chainer.initializers.LeCunNormal(scale=…)",
    "use_cudnn": "chainer.using_config('use_cudnn', …), or nothing",
}
OLD_CALLS = {
    "zerograds": "model.cleargrads()",
    "collect_parameters": "optimizer.setup(model)",
    **idioms.OLD_METHODS,
}


@dataclass
class ScriptReport:
    """What was read of one file."""

    path: str
    names: Counter[str] = field(default_factory=Counter)
    # Old idioms: what stands there -> (line of the first, what is written instead).
    old: dict[str, tuple[int, str]] = field(default_factory=dict)
    translated: list[tuple[int, str, str]] = field(default_factory=list)
    error: str = ""

    @property
    def missing(self) -> list[str]:
        return sorted(name for name in self.names if not is_found(name))

    @property
    def differing(self) -> list[str]:
        return sorted(name for name in self.names if public(name) in DIFFERENCES)

    def lines(self) -> Iterator[str]:
        """The report, in words."""
        if self.error:
            yield f"{self.path}: {self.error}"
            return
        found = len(self.names) - len(self.missing)
        yield f"{self.path}: {found} of {len(self.names)} names of Chainer are here"
        for name in self.missing:
            yield f"  missing    {name}: {advice(name)}"
        for name in self.differing:
            yield f"  differs    {name}: {DIFFERENCES[public(name)]}"
        for old, (line, instead) in sorted(self.old.items(), key=lambda item: item[1]):
            yield f"  put back   line {line}: {old} -> {instead}"
        for line, old, new in self.translated:
            yield f"  Python 2   line {line}: {old}  ->  {new}"


def check_files(paths: Sequence[str]) -> int:
    """Print a report of each file; returns 0, 1 where names are missing, 2 for bad input."""
    reports = [_report_at(path) for path in paths]
    for report in reports:
        for line in report.lines():
            (complain if report.error else say)(line)
    if len(reports) > 1:
        whole = sum(not (report.missing or report.error) for report in reports)
        say(f"{whole} of {len(reports)} files find all of their names")
    if any(report.error for report in reports):
        return 2
    return int(any(report.missing for report in reports))


def _report_at(path: str) -> ScriptReport:
    try:
        return report_of(python2.decoded(source_bytes(path)), path)
    except InputError as error:
        return ScriptReport(path, error=str(error).removeprefix(f"{path}: "))
    except PlaygroundError as error:
        return ScriptReport(path, error=str(error))


def report_of(text: str, path: str) -> ScriptReport:
    """What a source uses. Raises InputError where it is no Python of any age."""
    report = ScriptReport(path)
    if python2.reason(text, path) is not None:
        new = python2.translated(text, path)
        report.translated = python2.changes(text, new)
        text = new
    reader = _Reader(report)
    reader.visit(python2.parsed(text, path))
    return report


class _Reader(ast.NodeVisitor):
    """Follows the names that lead to Chainer through a script."""

    def __init__(self, report: ScriptReport) -> None:
        self._report = report
        # A name of the script's -> the dotted path that it stands for.
        self._paths: dict[str, str] = {}

    def _found(self, path: str, line: int) -> None:
        root, _, rest = path.partition(".")
        if root == "chainer" and rest:
            self._report.names[path] += 1
            if path in idioms.OLD or (public(path) != path and path.count(".") == 2):
                self._old(path, line, idioms.newer_name(path))
        module, _, name = path.rpartition(".")
        for table in (years.ATTRIBUTES, years.GONE):
            if name in table.get(module, {}):
                self._old(path, line, table[module][name][0])

    def _old(self, what: str, line: int, instead: str) -> None:
        self._report.old.setdefault(what, (line, instead))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            self._paths[bound] = alias.name if alias.asname else bound
            if alias.name.startswith("chainer."):
                self._found(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            path = f"{node.module}.{alias.name}"
            if not node.level and alias.name != "*":
                self._paths[alias.asname or alias.name] = path
                self._found(path, node.lineno)

    def visit_Assign(self, node: ast.Assign) -> None:
        path = self._path(node.value)
        if path is not None:
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            self._paths.update(dict.fromkeys(names, path))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        path = self._path(node)
        if path is not None:
            self._found(path, node.lineno)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in OLD_CALLS:
            self._old(f".{node.func.attr}()", node.lineno, OLD_CALLS[node.func.attr])
        ours = (self._path(node.func) or "").startswith("chainer.")
        for keyword in node.keywords if ours else ():
            if keyword.arg in KEYWORDS:
                self._old(f"{keyword.arg}=", node.lineno, KEYWORDS[keyword.arg])
        self.generic_visit(node)

    def _path(self, node: ast.AST) -> str | None:
        """The dotted path of an expression of names, if it leads to an imported one."""
        if isinstance(node, ast.Name):
            return self._paths.get(node.id)
        if isinstance(node, ast.Attribute):
            inner = self._path(node.value)
            return None if inner is None else f"{inner}.{node.attr}"
        return None

"""The figures of the house: the reader of them, and the limits that hold for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import house_figures as figures

PACKAGE = figures.texts(figures.PACKAGE)
NAMES = "python -m tests.house_figures --names"


def test_one_name_has_one_door() -> None:
    several, names = figures.names_of_several(PACKAGE)
    assert len(several) <= 0.02 * names, f"rename what is yours of these ({NAMES}): {[*several]}"


def test_helpers_are_not_rooms_of_their_own() -> None:
    once = figures.helpers_used_once(PACKAGE)
    most = 6 * figures.filled(PACKAGE) / 1000
    assert len(once) <= most, f"{NAMES} lists helpers that one place uses: inline some"


def test_comments_say_why() -> None:
    least = 3 * figures.length(PACKAGE) / 100
    assert figures.comments(PACKAGE) >= least, "say why, at the places that took an afternoon"


def test_signatures_say_what_flows() -> None:
    plain, annotated = figures.parameters(PACKAGE)
    assert plain <= 0.1 * annotated, "playground/graph/types.py has words for what flows"


# ------------------------------------------------------------------------------- the reader

FIRST = '''"""A module."""
# ----------------------------------------------------------------
# A reason.
CONSTANT: int = 1  # a word at the end of a line is no comment here


def both(x: Any, *rest: Any, y: "Array" = 0) -> None:
    """Docstring."""
    # noqa: F401
    _once(x)
    return _twice(_twice(x))


def _once(x): ...
def _twice(x): ...
def main(): ...
'''
SECOND = """class both: ...
a, (b, CONSTANT) = 1, (2, 3)


def main(): ...
"""


@pytest.fixture
def modules(tmp_path: Path) -> list[figures.Text]:
    (tmp_path / "tests").mkdir()
    for name, text in {"a.py": FIRST, "b.py": SECOND, "tests/c.py": FIRST}.items():
        (tmp_path / name).write_text(text)
    return figures.texts(tmp_path)


def test_names_of_functions_classes_and_constants_are_compared(
    modules: list[figures.Text],
) -> None:
    several, names = figures.names_of_several(modules)
    assert {name: [p.name for p in places] for name, places in several.items()} == {
        "both": ["a.py", "b.py"],
        "CONSTANT": ["a.py", "b.py"],
    }
    assert names == len({"CONSTANT", "both", "_once", "_twice", "a", "b"})


def test_helpers_comments_and_annotations_are_counted(modules: list[figures.Text]) -> None:
    assert [name for _, name in figures.helpers_used_once(modules)] == ["_once"]
    assert figures.comments(modules) == 1
    assert figures.parameters(modules) == (2, 3)
    assert figures.lengths(modules) == [1, 1, 1, 1, 2]
    assert figures.filled(modules) == 15


def test_a_hessian_and_a_fit_pass_through_files_of_the_package() -> None:
    seen, files = figures.passed_through(figures._hessian())
    assert seen > files > 5


def test_the_table_has_a_column_a_folder(
    modules: list[figures.Text], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(modules[0].path.parent)
    assert figures.main([folder, folder, "--names"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].count("|") == 4
    assert any(line.endswith("| 2 (33.3%) | 2 (33.3%) |") for line in lines)
    assert "used once: a.py _once" in lines

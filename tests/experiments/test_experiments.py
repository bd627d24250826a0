"""Every experiment in its short form: found by its name, short, and as published."""

from __future__ import annotations

import io
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import experiments
from experiments import __main__ as command
from experiments import e07_plain_numpy, gallery
from experiments.findings import Finding, table

HERE = Path(experiments.__file__).resolve().parent
NAMES = sorted(path.stem for path in HERE.glob("e[0-9][0-9]_*.py"))
LONGEST = 60
NEEDS = {name: module for name, (module, _) in command.NEEDS.items()}


def test_they_are_found() -> None:
    assert {"e01_inverse_article", "e06_inverse_comparison", "e07_plain_numpy"} <= {*NAMES}
    assert list(gallery.NAMES) == NAMES
    assert [name[1:3] for name in NAMES] == [f"{i:02}" for i in range(1, len(NAMES) + 1)]


@pytest.mark.parametrize("name", NAMES)
def test_quick_run_is_as_published(name: str, tmp_path: Path) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    findings = import_module(f"experiments.{name}").run(tmp_path, quick=True)
    assert len(findings) >= 2
    assert all(isinstance(finding, Finding) for finding in findings)
    assert any(finding.published is not None for finding in findings)
    assert [table([finding]) for finding in findings if not finding.agrees] == []
    drawn = sorted(tmp_path.rglob("*.png"))
    assert drawn
    assert all(path.stat().st_size > 10_000 for path in drawn)


@pytest.mark.parametrize("name", NAMES)
def test_file_is_short_and_says_what_it_is(name: str) -> None:
    lines = (HERE / f"{name}.py").read_text().splitlines()
    assert len(lines) <= LONGEST
    assert import_module(f"experiments.{name}").__doc__.partition("\n")[0].endswith(".")
    assert 'if __name__ == "__main__":' in lines


@pytest.mark.parametrize("name", NAMES)
def test_command_explains_itself(name: str) -> None:
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    done = subprocess.run(
        [sys.executable, "-m", f"experiments.{name}", "--help"],
        cwd=HERE.parent,
        text=True,
        capture_output=True,
        check=True,
    )
    assert f"experiments.{name}" in done.stdout
    assert "--quick" in done.stdout


# ------------------------------------------------------------------------ all of them at once


def test_some_experiments_by_their_first_letters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    all_cases = e07_plain_numpy.cases
    monkeypatch.setattr(e07_plain_numpy, "cases", lambda seed: all_cases(seed)[:1])
    assert command.main(["--only", "e07,e01", "--quick", "--out", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert text.index("## e01_inverse_article") < text.index("## e07_plain_numpy")
    assert "losses, against NumPy by hand" in text
    assert (tmp_path / "e07_plain_numpy" / "errors.png").exists()


@pytest.mark.parametrize(
    ("flags", "word"), [(["--only", "e99"], "e99"), (["--quick", "--write"], "--quick")]
)
def test_bad_flags(flags: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(flags) == 2
    assert word in capsys.readouterr().err


def test_a_finding_that_is_off_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = gallery.Result("e07_plain_numpy", [Finding("x", 1, 2)], tmp_path)
    monkeypatch.setattr(gallery, "carry_out", lambda *arguments: wrong)
    assert command.main(["--only", "e07", "--out", str(tmp_path)]) == 1
    assert "not as published: e07_plain_numpy" in capsys.readouterr().err


def test_what_an_experiment_needs_is_told_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_found", lambda module: module != "sympy")
    right = [Finding("x", 1, 1)]
    monkeypatch.setattr(
        gallery, "carry_out", lambda name, out, quick: gallery.Result(name, right, out)
    )
    assert command.main(["--only", "e03,e07", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.err == "e03 skipped: needs SymPy (pip install '.[test]')\n"
    assert "## e07_plain_numpy" in said.out
    assert "## e03" not in said.out
    assert command.main(["--only", "e07", "--out", str(tmp_path)]) == 0


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NEEDS])
def test_the_others_need_nothing_more(name: str) -> None:
    script = (
        "import sys; sys.modules.update(scipy=None, sympy=None); "
        f"import experiments.{name}, experiments.__main__"
    )
    subprocess.run([sys.executable, "-c", script], cwd=HERE.parent, check=True)


def test_page_is_rewritten_part_by_part(tmp_path: Path) -> None:
    page, pictures = tmp_path / "experiments" / "README.md", tmp_path / "docs" / "pictures"
    page.parent.mkdir()
    page.write_text("# Head\n\nas it is\n")
    folder = tmp_path / "e07_plain_numpy"
    drawn = gallery.carry_out("e07_plain_numpy", tmp_path, quick=True)
    for count in (1, 2):
        result = gallery.Result(drawn.name, [Finding("count", 2, count)], folder)
        (folder / "extra.md").write_text("| more |\n")
        first = gallery.Result("e01_inverse_article", [Finding("one", 1, 1)], tmp_path / "none")
        gallery.write_page([result] if count == 2 else [result, first], page, pictures)
    text = page.read_text()
    assert text.startswith("# Head\n\nas it is\n\n<!-- e01_inverse_article -->\n## e01: ")
    assert text.count("| one | 1 | 1 | equal |") == 1
    assert text.count("| count | 2 | 2 | equal |") == 1
    assert "| count | 2 | 1" not in text
    assert "| more |" in text
    assert "](../docs/pictures/e07_plain_numpy.png)" in text
    assert 1_000 < (pictures / "e07_plain_numpy.png").stat().st_size <= gallery.MOST_BYTES


@pytest.mark.parametrize(("most", "size"), [(10_000, (400, 20)), (6_000, (300, 15))])
def test_a_large_picture_is_shrunk(
    most: int, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fewer colours where that is enough, then fewer pixels.

    Noise of 24 kB, which no compression helps; the search for its colours takes a second for each
    10,000 of them, so that the limit is lowered rather than the picture made large.
    """
    noise = np.random.default_rng(0).integers(0, 256, (20, 400, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    monkeypatch.setattr(gallery, "MOST_BYTES", most)
    content = gallery.shrunk(tmp_path / "noise.png")
    assert len(content) <= most < (tmp_path / "noise.png").stat().st_size
    with Image.open(io.BytesIO(content)) as small:
        assert (small.format, small.mode, small.size) == ("PNG", "P", size)


def test_shipped_pictures_are_small() -> None:
    shipped = sorted(gallery.PICTURES.glob("*.png"))
    assert [p.name for p in shipped if p.stat().st_size > gallery.MOST_BYTES] == []
    text = gallery.PAGE.read_text()
    assert all(p.name in text for p in shipped if p.stem in NAMES)

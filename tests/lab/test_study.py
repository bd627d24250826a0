"""A command without a descent: its flags, its directory, its endings."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from playground.graph.errors import InputError
from playground.lab import cli
from playground.lab.files import write_whole


class Squares(cli.Study):
    """Squares of whole numbers; fails in every way that it is asked to."""

    name = "squares"
    about = "Squares."
    examples = "examples: none"
    made: ClassVar[list[Squares]] = []

    @classmethod
    def add_flags(cls, group: cli.FlagGroup) -> None:
        group.add_argument("--count", type=cli.whole(0), default=3, metavar="N", help="how many")
        group.add_argument("--shift", type=cli.number, default=0.0, metavar="X", help="added")

    def draw(self) -> dict[str, np.ndarray]:
        return {"numbers": np.arange(self.settings.count, dtype=self.settings.dtype)}

    def prepare(self) -> None:
        if self.settings.count == 13:
            raise InputError("--count 13 is unlucky")
        self.made.append(self)

    def warnings(self) -> list[str]:
        return ["there is nothing to square"] if self.settings.count == 0 else []

    def work(self) -> None:
        if self.settings.count == 99:
            raise KeyboardInterrupt
        if self.settings.count == 98:
            raise MemoryError
        self.squares = self.data["numbers"] ** 2 + self.settings.shift

    def headline(self) -> str:
        return f"{len(self.squares)} squares"

    def answer(self) -> tuple[list[str], list[tuple[str, str]]]:
        return ["A paragraph."], [("largest", f"{self.squares.max():g}"), ("n", "1")]

    @property
    def success(self) -> bool:
        return self.settings.count != 7

    def files(self) -> dict[str, np.ndarray | bytes]:
        return {"squares.npy": self.squares, "squares.csv": b"0,1,4\n"}

    def pictures(self) -> dict[str, Any]:
        from playground.lab import plot

        fig, axes = plot.figure()
        axes[0, 0].plot(self.squares)
        return {"squares": axes[0, 0], "whole": fig}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Squares.made.clear()

    def command(*argv: Any) -> tuple[int, str, str]:
        code = cli.run(Squares, [str(word) for word in argv])
        return (code, *capsys.readouterr())

    return command


def test_a_study_writes_says_and_draws_what_it_found(run, tmp_path) -> None:
    code, out, err = run("--out", "o", "--count", 4)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "4 squares",
        "",
        "A paragraph.",
        "",
        "largest   9",
        "n         1",
        "",
        "written    o",
        "pictures   squares.png, whole.png",
    ]
    assert np.load(tmp_path / "o/squares.npy").tolist() == [0, 1, 4, 9]
    assert np.load(tmp_path / "o/numbers.npy").tolist() == [0, 1, 2, 3]
    assert (tmp_path / "o/squares.csv").read_bytes() == b"0,1,4\n"
    for name in ("squares", "whole"):
        assert (tmp_path / f"o/{name}.png").read_bytes()[:4] == b"\x89PNG"


def test_quiet_and_no_plot(run, tmp_path) -> None:
    assert run("--out", "o", "--quiet", "--no-plot") == (0, "o\n", "")
    assert not list((tmp_path / "o").glob("*.png"))


def test_shared_flags_have_their_defaults_and_reach_the_study(run) -> None:
    run("--no-plot")
    run("--no-plot", "--dtype", "float32", "--seed", 5, "--device", "@numpy", "--shift", "-1.5")
    first, second = (study.settings for study in Squares.made)
    assert (first.dtype, first.seed, first.device, first.count) == ("float64", 0, "cpu", 3)
    assert (second.dtype, second.seed, second.device, second.shift) == ("float32", 5, "cpu", -1.5)
    assert Squares.made[1].squares.dtype == np.float32


def test_a_run_gets_a_new_directory_with_its_seed(run, tmp_path) -> None:
    for _ in range(2):
        assert run("--no-plot", "--seed", 8)[0] == 0
    made = sorted((tmp_path / "logs" / "squares").iterdir())
    assert len(made) == 2
    assert all(path.name.startswith("squares-seed8-2") for path in made)


def test_what_is_not_right_is_exit_code_one(run) -> None:
    assert run("--count", 7, "--no-plot", "--quiet")[0] == 1


def test_a_warning_comes_before_the_output(run) -> None:
    code, _, err = run("--count", 0, "--no-plot", "--quiet")
    assert (code, err) == (0, "note: there is nothing to square\n")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--count", "13"], "--count 13 is unlucky"),
        (["--count", "many"], "--count: expected a whole number, 0 or more, got 'many'"),
        (["--shift", "nan"], "--shift: expected a finite number, got 'nan'"),
        (["--shift", "--count", "3"], "--shift: expected one argument"),
        (["--resume", "o"], "unrecognized arguments: --resume"),
        (["--device", "abacus"], "unknown device 'abacus'"),
        (["--dtype", "int8"], "--dtype: invalid choice: 'int8'"),
        (["--count", "98"], "not enough memory"),
        (["--out", "taken.npy"], "a file is in the way"),
        (["--out", "used"], "used holds squares.csv already: choose an empty directory"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(run, tmp_path, argv, words) -> None:
    (tmp_path / "taken.npy").write_bytes(b"")
    (tmp_path / "used").mkdir()
    write_whole(tmp_path / "used/squares.csv", b"")
    code, out, err = run("--no-plot", *argv)
    assert (code, out) == (2, "")
    assert err.startswith("python -m playground.squares: error: ")
    assert words in err
    assert err.count("\n") == 1


def test_nothing_is_written_for_bad_input(run, tmp_path) -> None:
    run("--count", 13, "--out", "o")
    assert not (tmp_path / "o").exists()


def test_ctrl_c_is_exit_code_130(run) -> None:
    code, out, err = run("--count", 99)
    assert (code, out, err) == (130, "", "\ninterrupted\n")


def test_a_value_may_begin_with_a_dash(run) -> None:
    """Also one that argparse would take for a flag: an exponent, a pair, a formula."""
    assert run("--shift", "-1e-3", "--no-plot", "--quiet")[0] == 0
    assert Squares.made[0].settings.shift == -1e-3


def test_help_names_the_flags(capsys) -> None:
    with pytest.raises(SystemExit):
        cli.run(Squares, ["--help"])
    text = capsys.readouterr().out
    for flag in ("--count", "--dtype", "--seed", "--device", "--out", "--no-plot", "--quiet"):
        assert flag in text
    assert "--resume" not in text
    assert "--count N" in text
    assert "how many (default 3)" in text
    assert "None" not in text
    assert "logs/squares/WHAT-WHEN" in text

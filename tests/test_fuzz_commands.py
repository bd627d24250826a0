"""Command lines that once tripped a study, a few random ones, and Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from playground import _interrupts
from playground.lab import cli
from tests.command_lines import Line, prepare_folder
from tests.fuzz_commands import Ended, checked, faults, forked, load_all, remove
from tests.odd_lines import ENDS, FILES, REFUSED
from tests.paths import ROOT

SEEDS = range(25)


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """What the commands import late: a forked process has it then."""
    load_all()


def carried_out(
    folder: Path, command: str, *words: str, stdin: bytes = b"", **streams: str
) -> Ended:
    """What a command does in a directory of its own."""
    if not folder.exists():
        folder.mkdir()
        prepare_folder(folder)
        for name, content in FILES.items():
            (folder / name).write_bytes(content)
    line = Line(command, words, {"out": "file", "err": "file", **streams}, stdin)
    ended = forked(line, folder)
    assert faults(line, ended) == [], f"{line}\n{ended.err}"
    return ended


@pytest.mark.parametrize(("kind", "lines"), REFUSED.items())
def test_bad_input_is_one_line(tmp_path: Path, kind: str, lines: list[tuple[str, str]]) -> None:
    for text, words in lines:
        command, *flags = text.split("|")
        ended = carried_out(tmp_path / "work", command, *flags, "--no-plot", "--out", "out")
        assert ended.code == 2, (text, ended)
        assert words in ended.err, (text, ended.err)
        assert not (tmp_path / "work/out").exists(), text


@pytest.mark.parametrize(("kind", "lines"), ENDS.items())
def test_numbers_at_both_ends_of_float64_end_in_words(
    tmp_path: Path, kind: str, lines: list[str]
) -> None:
    for number, text in enumerate(lines):
        command, *flags = text.split("|")
        ended = carried_out(
            tmp_path / "work", command, *flags, "--no-plot", "--out", f"out{number}"
        )
        assert ended.code in (0, 1), (text, ended)


def test_random_lines_end_as_they_document() -> None:
    for seed in SEEDS:
        line, ended, found = checked(seed, one_in=0)
        assert found == [], f"seed {seed}: {line}\n{ended.err}"


# ------------------------------------------------------------------------------- streams


@pytest.mark.parametrize("out", ["file", "closed", "pipe"])
@pytest.mark.parametrize("err", ["full", "closed", "pipe"])
def test_no_stream_ends_a_run(tmp_path: Path, out: str, err: str) -> None:
    words = ["--targets", "2,1", "--rule", "barzilai-borwein", "--starts", "1", "--no-plot"]
    ended = carried_out(tmp_path / "work", "eigenvalue", *words, "--out", "o", out=out, err=err)
    assert ended.code == 0
    A = np.load(tmp_path / "work/o/matrix.npy")
    assert np.linalg.eigvalsh(A) == pytest.approx([1, 2], abs=1e-3)


def test_a_full_output_is_told_and_what_was_found_is_kept(tmp_path: Path) -> None:
    flags = ["--size", "2", "--no-plot"]
    ended = carried_out(tmp_path / "work", "inverse", *flags, "--out", "o", out="full")
    assert ended.code == 2
    assert "standard output (no space left on device): what was found is in o\n" in ended.err
    names = {path.name for path in (tmp_path / "work/o").iterdir()}
    assert names >= {"inverse.npy", "run.sqlite"}


@pytest.mark.parametrize("path", ["o\udcffut", "café", "a\nb", "it's", "$x$", "d/" * 150 + "d"])
def test_a_run_may_have_any_name(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "work"
    flags = ["--size", "2", "--tol", "1e-300", "--max-steps", "3", "--no-plot", "--out", path]
    assert carried_out(folder, "inverse", *flags).code == 1
    ended = carried_out(folder, "inverse", "--resume", path, "--max-steps", "5", "--no-plot")
    assert "not converged after 5 steps" in ended.out


@pytest.mark.parametrize("levels", [260, 1500, 2500, 5000])
def test_a_path_may_be_too_long(tmp_path: Path, levels: int) -> None:
    folder, path = tmp_path / "work", "d/" * levels
    for command in ("eigenvalue", "field"):
        ended = carried_out(folder, command, "--no-plot", "--out", path)
        assert (ended.code, "too long for a run log" in ended.err) == (2, True)
    ended = carried_out(folder, "quadratic", "--no-plot", "--out", path)
    assert ended.code == (0 if levels < 2000 else 2)
    assert ("file name too long" in ended.err) == (levels > 2000)
    remove(folder)


def test_a_matrix_and_a_table_may_come_through_a_pipe(tmp_path: Path) -> None:
    matrix, table = b".5 0\n0 1\n", b"x,kind\n1,a\n2,a\n3,b\n1.5,b\n"
    for number, file in enumerate(("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")):
        read, write = os.pipe()
        os.write(write, matrix)
        os.close(write)
        # A pipe has its bytes once; /dev/stdin of a file could be opened anew.
        script = "import sys; from playground.inverse import main; sys.exit(main())"
        flags = ["--matrix", file, "--quiet", "--no-plot", "--out", f"o{number}"]
        if number == 0:
            done = subprocess.run(
                [sys.executable, "-c", script, *flags],
                stdin=read,
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert (done.returncode, done.stderr) == (0, b"")
            found = np.load(tmp_path / f"o{number}/inverse.npy")
            assert found == pytest.approx(np.array([[2, 0], [0, 1]]), abs=5e-3)
        os.close(read)
        flags = ["--data", file, "--target", "kind", "--no-plot", "--out", f"t{number}"]
        assert carried_out(tmp_path / "work", "logistic", *flags, stdin=table).code == 0


# ------------------------------------------------------------------------------- Ctrl-C


def test_ctrl_c_among_the_first_imports_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n1\n"
    )
    for study in ("inverse", "eigenvalue", "quadratic", "field", "logistic"):
        done = subprocess.run(
            [sys.executable, "-m", f"playground.{study}"],
            env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
            capture_output=True,
            timeout=60,
            check=False,
            # A shell's background job hands on that Ctrl-C is to be ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"\ninterrupted\n")


def test_a_press_that_a_library_swallowed_is_remembered(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_interrupts._Process, "pressed", True)

    class Swallowing(cli.Study):
        """It ends as if nothing had been pressed, or with an error of its own."""

        name, about, examples = "swallowing", "", ""

        def work(self) -> None:
            if self.settings.seed:
                raise ImportError("numpy.core failed to import")

    for seed in ("0", "1"):
        assert cli.run(Swallowing, ["--no-plot", "--seed", seed, "--out", seed]) == 130
        assert capsys.readouterr() == ("", "\ninterrupted\n")


def test_the_handler_ends_works_and_waits() -> None:
    """At once while the process starts, by an exception while it works, not at all at its end."""
    for stage, status in ((0, 130), (1, 1), (2, 0)):
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            _interrupts._Process.stage = stage
            try:
                _interrupts._on_press(signal.SIGINT, None)
            except KeyboardInterrupt:
                os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status


def test_a_further_start_of_eigenvalue_passes_ctrl_c_on(monkeypatch, capsys, tmp_path) -> None:
    from playground.eigenvalue import command

    monkeypatch.chdir(tmp_path)
    descents = []

    def pressed_in_the_second(*arguments, **options):
        descents.append(1)
        loss = arguments[0]

        def pressed(r):
            raise KeyboardInterrupt

        start = [loss, pressed][len(descents) > 1]
        return fit(start, *arguments[1:], **options)

    fit = command.fit
    monkeypatch.setattr(command, "fit", pressed_in_the_second)
    monkeypatch.setattr("playground.lab.cli.descent.fit", pressed_in_the_second)
    assert command.main(["--targets", "1,2", "--rule", "barzilai-borwein", "--starts", "4"]) == 130
    assert len(descents) == 2

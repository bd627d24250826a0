"""Random command lines: ``python -m tests.fuzz_commands --count N --seed S``.

Each is carried out in a forked process of its own, whose streams are files, full, closed or pipes
without a reader, and one in ``--real`` by ``python -m`` as a user's. It fails where the exit code
is not a documented one, where bad input takes more than one line to be told, where a traceback or
a library's warning reaches the terminal, or where it outlasts its time limit by two seconds.

``--interrupts N`` presses Ctrl-C at N random moments of whole processes instead: each must end
with 130 and one line, and leave a log that can be read.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import re
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from playground import LogError, read_log
from playground.lab.cli import INTERRUPTED
from tests.command_lines import STUDIES, Line, random_line
from tests.paths import ROOT

SPARE = 2.0  # seconds beyond the limit of a command
# Pictures, and what a whole process imports, come on top; a busy machine is waited for.
DRAWING, LOADING, PATIENCE = 15.0, 10.0, 6.0
NOISE = re.compile(
    r"Traceback|Warning\b|On entry to|parameter number|Exception ignored|Fatal Python|DLASC|"
    r"^\s+File \"|OpenBLAS|findfont|Errno",
    re.M,
)


class Ended(NamedTuple):
    """How a command ended; ``code`` is None where it had to be killed."""

    code: int | None
    out: str
    err: str
    seconds: float


# ------------------------------------------------------------------------------- carrying out


def forked(line: Line, folder: Path) -> Ended:
    """The line in a process forked off this one, which has imported everything already."""
    with _streams(line, folder) as files:
        child = os.fork()
        if child == 0:
            _carry_out(line, folder, files)
        code, seconds = _awaited(child, _limit(line))
    return Ended(code, *_told(folder), seconds)


def real(line: Line, folder: Path, environment: dict[str, str]) -> Ended:
    """The line as a user's process, with what the environment says of pictures."""
    words = [os.fsencode(word) for word in line.words]
    with _streams(line, folder) as (stdin, out, err):

        def close() -> None:
            for number, name in ((1, "out"), (2, "err")):
                if line.streams[name] == "closed":
                    os.close(number)

        process = subprocess.Popen(
            [sys.executable, "-m", f"playground.{line.command}", *words],
            cwd=folder,
            stdin=stdin,
            stdout=out,
            stderr=err,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            preexec_fn=close,
        )
        code, seconds = _awaited(process.pid, _limit(line) + LOADING)
        process.returncode = code or -9
    return Ended(code, *_told(folder), seconds)


def _limit(line: Line) -> float:
    limit = min(line.seconds, 15.0) + SPARE
    return limit if "--no-plot" in line.words else limit + DRAWING


@contextmanager
def _streams(line: Line, folder: Path) -> Iterator[tuple[int, int, int]]:
    """Descriptors for the three streams."""
    opened = []

    def keep(descriptor: int) -> int:
        opened.append(descriptor)
        return descriptor

    source = folder.parent / f"{folder.name}.in"
    source.write_bytes(line.stdin)
    found = [keep(os.open(source, os.O_RDONLY))]
    for name in ("out", "err"):
        kind, target = line.streams[name], folder.parent / f"{folder.name}.{name}"
        target.write_bytes(b"")
        if kind == "full":
            found.append(keep(os.open("/dev/full", os.O_WRONLY)))
        elif kind == "pipe":
            reader, writer = os.pipe()
            os.close(reader)
            found.append(keep(writer))
        else:
            found.append(keep(os.open(target, os.O_WRONLY | os.O_APPEND)))
    try:
        yield found[0], found[1], found[2]
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _told(folder: Path) -> tuple[str, str]:
    files = (folder.parent / f"{folder.name}.{name}" for name in ("out", "err"))
    out, err = (file.read_text(encoding="utf-8", errors="backslashreplace") for file in files)
    return out, err


def _awaited(child: int, limit: float) -> tuple[int | None, float]:
    """The exit code of a child, None where it took longer than the limit, and the seconds it took.

    They are those of the processor: the machine may be busy with something else.
    """
    watched = os.pidfd_open(child)
    try:
        in_time = bool(select.select([watched], [], [], PATIENCE * limit)[0])
    finally:
        os.close(watched)
    if not in_time:
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    seconds = usage.ru_utime + usage.ru_stime
    done = in_time and seconds <= limit
    return os.waitstatus_to_exitcode(status) if done else None, seconds


def _carry_out(line: Line, folder: Path, files: tuple[int, int, int]) -> NoReturn:
    """What the interpreter does with a command line, from its start to its end."""
    code = 1
    try:
        os.chdir(folder)
        for number, descriptor in enumerate(files):
            os.dup2(descriptor, number)
        sys.stdin, sys.stdout, sys.stderr = open(0), *map(_text_stream, (1, 2))  # noqa: SIM115
        for number, name in ((1, "out"), (2, "err")):
            if line.streams[name] == "closed":
                os.close(number)
                setattr(sys, f"std{name}", None)
        sys.argv = [line.command, *line.words]
        try:
            runpy.run_module(f"playground.{line.command}", run_name="__main__", alter_sys=False)
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BaseException:
        with open(folder.parent / f"{folder.name}.err", "a") as told:
            traceback.print_exc(file=told)
        code = 1
    finally:
        os._exit(code)


def _text_stream(number: int) -> Any:
    errors = "strict" if number == 1 else "backslashreplace"
    raw = open(number, "wb", closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(raw, "utf-8", errors, line_buffering=number == 2)


# ------------------------------------------------------------------------------- judging


def faults(line: Line, ended: Ended) -> list[str]:
    """What is wrong with how a command ended."""
    found = []
    if ended.code is None:
        return [f"hang: killed after {ended.seconds:.1f} s"]
    if ended.code not in (0, 1, 2):
        found.append(f"exit code {ended.code}")
    noise = NOISE.search(ended.out + ended.err)
    if noise:
        found.append(f"noise: {_last_line(ended.err)}")
    complaint = [text for text in ended.err.splitlines() if not text.startswith("note: ")]
    told = line.streams["err"] == "file"
    if ended.code == 2 and told and not noise:
        if len(complaint) != 1:
            found.append(f"{len(complaint)} lines of complaint: {complaint[:3]}")
        elif "error: " not in complaint[0]:
            found.append(f"a complaint of another form: {complaint[0][:80]}")
    silent = not re.search("not converged|DISAGREE", ended.out + ended.err)
    if ended.code == 1 and line.streams["out"] == "file" and told and silent:
        found.append("exit code 1 without a word")
    if ended.code in (0, 1) and told and not noise and complaint:
        found.append(f"said beside the output: {complaint[0][:80]!r}")
    return found


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    places = [line.strip() for line in lines if line.startswith("  File ") and "playground" in line]
    return f"{lines[-1][:150] if lines else ''} {places[-1] if places else ''}"


def remove(folder: Path) -> None:
    """The folder and all below it, locked or deep."""
    subprocess.run(["chmod", "-R", "u+rwx", str(folder)], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", str(folder)], check=False)


ENVIRONMENTS = (
    {"MPLBACKEND": "bogus"},
    {"MPLBACKEND": "QtAgg"},
    {"PYTHONIOENCODING": "ascii"},
    {"LC_ALL": "C", "PYTHONUTF8": "0"},
    {"HOME": "/nonexistent", "MPLCONFIGDIR": "/proc/none"},
    {},
)


def checked(seed: int, one_in: int) -> tuple[Line, Ended, list[str]]:
    """The line of a seed, carried out and judged."""
    base = Path(tempfile.mkdtemp(prefix="fuzz-"))
    folder = base / "work"
    folder.mkdir()
    try:
        line = random_line(seed, folder)
        if one_in and seed % one_in == 0:
            ended = real(line, folder, ENVIRONMENTS[seed // one_in % len(ENVIRONMENTS)])
        else:
            ended = forked(line, folder)
        return line, ended, faults(line, ended)
    finally:
        remove(base)


def load_all() -> None:
    """Import what the commands import late, so that a forked one has it."""
    for study in STUDIES:
        importlib.import_module(f"playground.{study}.pictures")
    for library in (
        "pandas",
        "sympy",
        "matplotlib.figure",
        "mpl_toolkits.mplot3d",
        "matplotlib.backends.backend_agg",
    ):
        importlib.import_module(library)


def fuzz(options: argparse.Namespace) -> int:
    load_all()
    codes: Counter[str] = Counter()
    wrong = 0
    for seed in range(options.seed, options.seed + options.count):
        line, ended, found = checked(seed, options.real)
        codes[str(ended.code)] += 1
        done = seed + 1 - options.seed
        if not done % 500:
            print(f"{done} of {options.count}", flush=True)
        if found:
            wrong += 1
            print(f"seed {seed}: {line}\n    {'; '.join(found)}", flush=True)
        elif options.verbose:
            told = f"{ended.code} in {ended.seconds:.2f} s: {ended.err[:300]!r}"
            print(f"seed {seed}: {line}\n    {told}")
    told = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
    print(f"{options.count} command lines ({told}), {wrong} failed")
    return min(wrong, 1)


# ------------------------------------------------------------------------------- Ctrl-C

LONG_RUNS = (
    ("inverse", "--size", "8", "--loss", "absolute"),
    ("inverse", "--size", "3", "--tol", "1e-3"),
    ("eigenvalue", "--targets", "1,2,3", "--starts", "8"),
    ("eigenvalue", "--targets", "1,1", "--tol", "1e-300", "--rule", "constant"),
    ("quadratic",),
    ("field", "--starts", "30", "--max-steps", "3000", "--step-size", "1e-6"),
    ("logistic", "--rule", "barzilai-borwein", "--max-steps", "100000", "--tol", "1e-300"),
    ("logistic", "--loss", "loop"),
)


def interrupted(seed: int) -> str:
    """Press Ctrl-C at a random moment of a whole process: what came of it."""
    rng = np.random.default_rng(seed)
    words = LONG_RUNS[int(rng.integers(len(LONG_RUNS)))]
    # As many while it is imported as in the seconds of the run and of its pictures.
    moment = float(10 ** rng.uniform(-1.5, 1.0))
    with tempfile.TemporaryDirectory(prefix="fuzz-") as base:
        process = subprocess.Popen(
            [sys.executable, "-m", f"playground.{words[0]}", *words[1:], "--out", "out"],
            cwd=base,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            text=True,
            # A shell's background job hands on that Ctrl-C is to be ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            out, err = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return f"fault: {words} at {moment:.3f} s: goes on for a minute"
        found = _after_ctrl_c(process.returncode, out, err) or _log_fault(Path(base, "out"))
    return found if found in ENDINGS else f"fault: {words} at {moment:.3f} s: {found}"


# Python itself takes some milliseconds to come to the first line of the package, and to load what
# takes over from there.
ENDINGS = ("interrupted", "done before", "before the package could take over")
FIRST = re.compile(r"playground/(?!__init__\.py\", line [1-5],|_interrupts\.py)")


def _after_ctrl_c(code: int, out: str, err: str) -> str:
    """How it ended, '' where the log is still to be looked at."""
    lines = [line for line in (out + err).splitlines() if line.strip()]
    # After five seconds there are lines of progress.
    told = [line for line in lines if not line.startswith(("note: ", "step "))]
    if code == INTERRUPTED and len(told) == 1 and told[0].startswith("interrupted"):
        return ""
    if code in (-signal.SIGINT, 1) and not FIRST.search(err):
        return ENDINGS[2]
    if code in (0, 1) and "Traceback" not in err and told:
        return ENDINGS[1]
    if (
        code == INTERRUPTED
        and told
        and told[-1].startswith("interrupted")
        and not NOISE.search(err)
    ):
        return ""  # among the pictures, the report stands above it
    return f"exit code {code}, {told[-3:]}"


def _log_fault(folder: Path) -> str:
    """What is wrong with a log that was begun, else that the run was interrupted."""
    for log in folder.rglob("run.sqlite"):
        try:
            record = read_log(log)
            steps = record.loss.index.to_numpy()
        except LogError as error:
            return f"{log.name}: {error}"
        if not np.array_equal(steps, np.arange(len(steps))):
            return f"{log.name}: rows are missing"
    return ENDINGS[0]


def press(options: argparse.Namespace) -> int:
    found: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.interrupts):
        ended = interrupted(seed)
        if ended not in ENDINGS:
            print(f"seed {seed}: {ended}", flush=True)
        found[ended if ended in ENDINGS else "fault"] += 1
    told = ", ".join(f"{count} {ending}" for ending, count in sorted(found.items()))
    print(f"Ctrl-C at {options.interrupts} moments: {told}")
    return min(found["fault"], 1)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--real", type=int, default=50, help="one in so many as a whole process")
    parser.add_argument("--interrupts", type=int, default=0, help="moments of Ctrl-C instead")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args(argv)
    return press(options) if options.interrupts else fuzz(options)


if __name__ == "__main__":
    sys.exit(main())

"""The standard streams of a command, in the states in which a shell may leave them."""

from __future__ import annotations

import errno
import io
import os
import sys

import pytest

from playground.lab.cli import streams
from playground.lab.cli.progress import ProgressLine
from playground.lab.cli.text import LONGEST_LINE, one_line, shell_word


class Failing(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


def of_encoding(name: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), name)


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EBADF])
def test_a_reader_who_has_gone_is_no_fault(number: int) -> None:
    streams.write_to(Failing(number), "text")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_stream_that_takes_nothing_is_one(number: int) -> None:
    with pytest.raises(OSError, match=os.strerror(number)):
        streams.write_to(Failing(number), "text")


def test_without_streams_nothing_is_told(monkeypatch) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(sys, "stdout", stream)
        streams.note("a word")
        streams.complain("a word", fresh=True)
        streams.say("a word")
        streams.flush_all()
        with ProgressLine(stream) as progress:
            progress(1, 2.0, 3.0, 0, 1e3)


@pytest.mark.parametrize("number", [errno.EPIPE, errno.ENOSPC, errno.EIO, errno.EBADF])
def test_nothing_that_is_said_beside_the_output_ends_a_run(monkeypatch, number: int) -> None:
    monkeypatch.setattr(sys, "stderr", Failing(number))
    streams.note("a word")
    streams.complain("a word")
    streams.flush_all()
    with ProgressLine(sys.stderr) as progress:
        progress(1, 2.0, 3.0, 0, 1e3)


@pytest.mark.parametrize(
    ("encoding", "text", "written"),
    [
        ("utf-8", "caf\udce9 λ", "caf\\udce9 λ"),
        ("ascii", "λ² é", "\\u03bb\\xb2 \\xe9"),
        ("latin-1", "é λ", "é \\u03bb"),
        ("cp1252", "λ…", "\\u03bb…"),
        ("utf-8", "whole λ", "whole λ"),
    ],
)
def test_what_a_stream_has_no_bytes_for_is_escaped(encoding: str, text: str, written: str) -> None:
    stream = of_encoding(encoding)
    streams.write_to(stream, text)
    assert stream.buffer.getvalue().decode(encoding) == written


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain é λ", "plain é λ"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[31m", "\\x1b[31m"),
        ("caf\udce9", "caf\\xe9"),
        ("\u202etxt", "\\xe2\\x80\\xaetxt"),
        ("\u2028", "\\xe2\\x80\\xa8"),
        ("\ud800", "\\xed\\xa0\\x80"),
    ],
)
def test_one_line_is_one_that_a_terminal_shows(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_long_line_keeps_both_of_its_ends() -> None:
    line = one_line("begin" + "x" * 10_000 + "end")
    assert len(line) <= LONGEST_LINE + 3
    assert line.startswith("begin")
    assert line.endswith("end")


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("runs/one", "runs/one"),
        ("two words", "'two words'"),
        ("o\udcff", "$'o\\xff'"),
        ("a\nb", "$'a\\nb'"),
        ("it's\n", "$'it\\'s\\n'"),
        ("a\\b\n", "$'a\\\\b\\n'"),
    ],
)
def test_a_path_is_one_word_of_a_shell(path: str, word: str) -> None:
    assert shell_word(path) == word


def test_closed_descriptors_are_filled() -> None:
    child = os.fork()
    if not child:
        for number in range(3):
            os.close(number)
        streams.fill_gaps()
        os._exit(0 if os.open(os.devnull, os.O_RDONLY) > 2 else 1)
    assert os.waitpid(child, 0)[1] == 0

"""Command lines carried out in the process of a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest


class Ran:
    """What one command line did."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


def running(main: Callable[[Sequence[str]], int]) -> Any:
    """A fixture that carries out command lines of ``main``, in an empty directory."""

    @pytest.fixture
    def run(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> Callable[..., Ran]:
        monkeypatch.chdir(tmp_path)

        def command(*argv: Any) -> Ran:
            capsys.readouterr()
            code = main([str(word) for word in argv])
            return Ran(code, *capsys.readouterr())

        return command

    return run

"""``python -m playground.run script.py [arguments]``: an old Chainer script, as it stands.

``import chainer`` leads to playground in that process, what NumPy and other libraries have dropped
is put back, and Python 2 is translated; a summary at the end says what to write instead. With
``--check`` scripts are read, not run: which of Chainer's names they use, and which are here.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import NamedTuple

import playground.compat as compat
from playground._interrupts import INTERRUPTED
from playground.compat import years
from playground.compat.reading import check_files
from playground.compat.sources import code_of, find_beside, run_code, source_bytes
from playground.compat.used import NOT_THE_SCRIPTS, USES
from playground.datasets.stand_ins import make_stand_in, stand_in_names
from playground.graph.errors import (
    DeviceError,
    InputError,
    MissingLibraryError,
    MissingModuleError,
    MissingNameError,
    SnapshotError,
)
from playground.lab.cli import guarded
from playground.lab.cli.flags import Parser
from playground.lab.cli.streams import complain, say

__all__ = ["main"]

COMMAND = "python -m playground.run"
EXAMPLES = f"""
    {COMMAND} train_mnist.py --gpu -1 --epoch 3
    {COMMAND} --check *.py
    {COMMAND} --fake-data mnist train_mnist.py

    The flags of this command stand before the script; all that stands behind it is the script's.
"""
# What a script cannot do anything about: told in one line, with the way out.
_TOLD = (
    DeviceError,
    InputError,
    MissingLibraryError,
    MissingModuleError,
    MissingNameError,
    SnapshotError,
)


def parser_of_scripts() -> Parser:
    parser = Parser(COMMAND, "[flags] SCRIPT [its arguments]", __doc__ or "", EXAMPLES)
    parser.add_argument("--check", action="store_true", help="read the files, and run none")
    parser.add_argument(
        "--no-translate", action="store_true", help="leave Python 2 as it is: an error"
    )
    parser.add_argument("--quiet", action="store_true", help="no summary of old names at the end")
    names = ", ".join(stand_in_names())
    parser.add_argument(
        "--fake-data",
        metavar="NAME",
        help=f"write a small stand-in for a dataset to Chainer's cache folder: {names}",
    )
    parser.add_argument("script", nargs="?", help="the script")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    return parser


class _Prepared(NamedTuple):
    code: CodeType
    module: ModuleType
    translated: bool
    quiet: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run or check; returns the exit code: 2 for what cannot be run, else the script's."""
    words = sys.argv[1:] if argv is None else argv
    prepared: list[_Prepared] = []
    code = guarded(COMMAND, lambda: prepare(words, prepared))
    # Not under guard: what the script raises and warns of is its own.
    return run_prepared(*prepared) if prepared else code


def prepare(words: Sequence[str], prepared: list[_Prepared]) -> int:
    settings = parser_of_scripts().parse_args(words)
    if settings.fake_data is not None:
        for path in make_stand_in(settings.fake_data):
            say(f"written {path}: made up, to try a script with")
        if settings.script is None:
            return 0
    if settings.script is None:
        raise InputError("give a script to run, for example: train.py (--help explains the flags)")
    if settings.check:
        return check_files([settings.script, *settings.arguments])
    data = source_bytes(settings.script)
    try:
        code, translated = code_of(data, settings.script, not settings.no_translate)
    except SyntaxError as error:
        raise InputError(f"{settings.script}:{error.lineno}: {error.msg}") from None
    compat.install()
    years.put_back()
    module = become_main(settings.script, settings.arguments)
    prepared.append(_Prepared(code, module, translated, settings.quiet))
    return 0


def run_prepared(prepared: _Prepared) -> int:
    # Ctrl-C is the script's to catch.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run_code(prepared.code, prepared.module, prepared.translated)
    except SystemExit:
        raise
    except BaseException as error:
        return tell_failure(error)
    finally:
        if not prepared.quiet:
            sum_up()
    return 0


def become_main(script: str, arguments: Sequence[str]) -> ModuleType:
    """Make the process what ``python script.py arguments`` has; returns its ``__main__``."""
    folder = Path(script).resolve().parent
    sys.argv[:] = [script, *arguments]
    sys.path[0] = str(folder)
    find_beside(folder)
    module = ModuleType("__main__")
    module.__file__ = script
    module.__builtins__ = __builtins__  # type: ignore[attr-defined]
    sys.modules["__main__"] = module
    return module


def tell_failure(error: BaseException) -> int:
    """Tell why a script ended, as Python does; what is nothing of the script's in one line."""
    trace = from_script(error.__traceback__)
    if isinstance(error, _TOLD):
        where = "" if trace is None else f"{innermost_place(trace)}: "
        # Said for commands of ours: a script has another flag, mostly this one.
        complain(f"{where}{error}".replace("use --device cpu", "run it with --gpu -1"))
        return 2
    sys.excepthook(type(error), error.with_traceback(trace), trace)
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def from_script(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of playground in front of the script's."""
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(NOT_THE_SCRIPTS):
        trace = trace.tb_next
    return trace


def innermost_place(trace: TracebackType) -> str:
    """The last place in the script's own files."""
    place = trace
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(NOT_THE_SCRIPTS):
            place = trace
        trace = trace.tb_next  # type: ignore[assignment]
    return f"{Path(place.tb_frame.f_code.co_filename).name}:{place.tb_lineno}"


def sum_up() -> None:
    if USES.found:
        complain(f"{COMMAND}: what was put back for this script, and what to write instead:")
        for line in USES.summary().splitlines():
            complain(line)


if __name__ == "__main__":
    sys.exit(main())

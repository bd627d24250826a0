"""One engine that runs old scripts: their paths on stdin, the seconds inside them on stdout.

Started by ``experiments.bench.scripts``. The engine and its modules are there when the time begins:
what is timed is the script.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
import tempfile
import time
import warnings
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from experiments.bench.worker import pin
from playground.compat import sources


def code_of_playground(path: str) -> tuple[CodeType, bool]:
    """The script as ``playground.run`` would run it."""
    from playground import compat
    from playground.compat import years

    compat.install()
    years.put_back()
    with contextlib.redirect_stderr(io.StringIO()):
        return sources.code_of(sources.source_bytes(path), path)


def code_of_chainer(path: str) -> tuple[CodeType, bool]:
    """The script as it stands, with real Chainer importable."""
    from tests.chainer_oracle import find_chainer

    if find_chainer() is None:
        raise SystemExit("Chainer is not installed")
    download = importlib.import_module("chainer.dataset.download")
    download._dataset_root = os.environ["CHAINER_DATASET_ROOT"]
    return sources.code_of(sources.source_bytes(path), path, False)


class Runner:
    """Scripts, made ready when they are first asked for."""

    def __init__(self, engine: str) -> None:
        self.code_of: Any = {"playground": code_of_playground, "chainer": code_of_chainer}[engine]
        self.ready: dict[str, tuple[CodeType, bool]] = {}

    def seconds(self, path: str, arguments: list[str]) -> float:
        """Seconds of the processor that one run of a script takes."""
        if path not in self.ready:
            self.ready[path] = self.code_of(path)
        code, translated = self.ready[path]
        sys.argv[:] = [path, *arguments]
        module = ModuleType("__main__")
        module.__file__ = path
        with contextlib.redirect_stderr(io.StringIO()):
            start = time.process_time()
            sources.run_code(code, module, translated)
            return time.process_time() - start


def main() -> None:
    """Answer ``{"path": …, "arguments": […], "repeats": k}`` with the seconds of each run."""
    engine, cpu = sys.argv[1:]
    pin(int(cpu))
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    os.chdir(tempfile.mkdtemp())
    # What scripts print, also by what Chainer took for the standard output when it was imported.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    runner = Runner(engine)
    for line in sys.stdin:
        asked = json.loads(line)
        found = [runner.seconds(asked["path"], asked["arguments"]) for _ in range(asked["repeats"])]
        print(json.dumps(found), file=out, flush=True)


if __name__ == "__main__":
    main()

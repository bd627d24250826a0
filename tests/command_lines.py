"""Random command lines of the studies, and the files that they name.

A line is drawn flag by flag from good and bad values. Whatever it holds, the command must end in
one of the ways it documents: ``tests/fuzz_commands.py`` carries the lines out and judges them.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

STUDIES = ("inverse", "eigenvalue", "quadratic", "field", "logistic")
OTHERS = ("interpreters.coverage",)

NUMBERS = """0 1 2 0.5 -1 1e-3 1e3 1e6 1e10 1e100 1e154 1e155 1e200 1e300 1e307 1.7e308 1e309 -1e308
1e-10 1e-100 1e-160 1e-300 1e-308 5e-324 1e-400 -1e-300 nan -nan inf -inf infinity 0x10 1_000
1,5 1/3 1e 1e99999999 --1 +1 １ ١ 1e5000 True None 1j""".split()
WEIRD = [
    "",
    " ",
    "--",
    "-",
    "a\nb",
    "\n",
    "a\0b",
    "\udcff",
    "caf\udce9",
    "é" * 300,
    "$x$",
    "%s",
    "{}",
]
WEIRD += ["-h", "--no-plot", "'", '"', "a'b", "\\", "\x1b[31m", "\t", "x" * 5000, "\u202e", "🌱"]
ROWS = """1,2;3,4 1;1 1,2 ;; ; 1,1;1,1 0,0;0,0 1e200,0;0,1e200 1e308,1e308;1e308,1e308 1e-320,0;0,1
1e-200,0;0,1e-200 1/3,1/7;0,1 1/0,1;1,1 nan,1;1,1 1e99999999,0;0,1 1e-99999999,0;0,1 -1,0;0,-1
1,2,3;4,5,6;7,8,9 0,1;-1,0 5 0 1e160 1e400 1_0,1;1,1 １,1;1,1 1e16,1;1,-1e16 1e308,-1e308;-1e308,1e308
0.1,0.2;0.3,0.4 1e-5,1e5;1e5,1e-5 1e9999999999999999999,1;1,1 99999999999/7,1;1,3""".split()
FORMULAS = """x0 x1 x0**2+x1**2 x0*x1 1/x0 1/x0/x1 exp(x0*1e3) log(x0) sqrt(x0) x0**1e300 1e300*x0**2
1e308*x0*10 x0/0 0/x0 x0-x0 where(x0>0,x0,x1) x0//x1 x0%x1 abs(x0) floor(x0) 1 pi x y x0>0 x0==x1
1e-320*x0 5e-324*x0 1e154*x0*1e154 logical_and(x0,x1) heaviside(x0,x1) x0**x1 tan(x0) 1e200*x0+1e200*x1
clip(x0,0,1) hypot(x0,x1) np.sin(x0) os.system('x') x0.real x[0] lambda:0 x0;x1 x0,x1 (x0 x0)) sign(x0)
maximum(x0,x1) arccos(x0) 1j*x0 9**9**9*x0 9**9**9**9 x0**-1 'a' x0*'a' True*x0 x0+True 1e999*x0 1if
reciprocal(x0) float_power(x0,x1) rint(x0) exp(exp(exp(x0))) x0*1e-200*x1*1e-200 x0<<2 ~x0 not""".split()
MODULES = """sys:exit os:abort os:_exit mine:bump mine:two mine:none mine:raises mine:leaves mine:text
mine:wide mine:number mine:complexes mine:missing mine: :bump : a:b:c nothing:f broken:f quits:f
stops:f builtins:exit builtins:quit builtins:print builtins:input builtins:len numpy:sin numpy:sum
numpy:add math:hypot math:sin this:c mine.py:bump ./mine:bump mine:bump.x sys:stdin
os:fork signal:alarm builtins:help mine:slots mine:generator mine:recursive mine:prints mine:warns
mine:A numpy:random os:kill posix:_exit builtins:breakpoint mine:interrupts mine:memory builtins:dict
numpy:nan_to_num mine:cuts mine:integers warnings:warn""".split()
SPECIAL_FILES = [
    "/dev/null",
    "/dev/zero-not",
    "/proc/self/mem",
    "/dev/full",
    ".",
    "/",
    "missing",
    "",
    "/proc/none",
    "/sys/none",
]
MINE = """
import numpy as np, sys, warnings
def bump(x): return np.exp(-x @ x)
def two(x0, x1): return x0 * np.sin(x1)
def none(x): return None
def raises(x): raise RuntimeError("a reason\\nof two lines")
def leaves(x): sys.exit(3)
def interrupts(x): raise StopIteration
def text(x): return "text"
def wide(x): return x
def number(x): return 3.0
def complexes(x): return x[0] + 1j
def memory(x): raise MemoryError
def generator(x): yield x
def recursive(x): return recursive(x)
def prints(x): print("printed"); return x @ x
def warns(x): warnings.warn("careful", RuntimeWarning); return np.log(x[0]) + x[1]
def cuts(x): return float(x[0])
def integers(x): return np.floor(x[0]).astype(int)
class slots:
    def __init__(self, x): raise KeyError("x")
A = 3
"""
MODULE_FILES = {
    "mine.py": MINE,
    "broken.py": "def f(:\n",
    "quits.py": "raise SystemExit(7)\n",
    "stops.py": "raise KeyError('it\\nbreaks')\n",
}


class Line(NamedTuple):
    """A command line, the files it names and the streams it is given.

    ``streams`` has "out" and "err" as "file", "full", "closed" or "pipe" (whose reader has gone),
    and ``stdin`` the bytes of standard input.
    """

    command: str
    words: tuple[str, ...]
    streams: dict[str, str]
    stdin: bytes

    def __str__(self) -> str:
        odd = {k: v for k, v in self.streams.items() if v != "file"}
        stdin = f" <{self.stdin[:40]!r}" if self.stdin else ""
        return f"{self.command} {' '.join(map(repr, self.words))}{stdin} {odd or ''}".rstrip()

    @property
    def seconds(self) -> float:
        """What the line itself allows, 600 where it says nothing."""
        if "--max-seconds" in self.words:
            at = self.words.index("--max-seconds")
            try:
                given = float(self.words[at + 1])
                return given if given > 0 else 600.0
            except (ValueError, IndexError):
                pass
        return 600.0


class Draw:
    """Values of flags, drawn from ``rng``, and files put below ``folder``."""

    def __init__(self, rng: np.random.Generator, folder: Path) -> None:
        self.rng, self.folder = rng, folder
        # How many of the values are bad: a line with many is refused for the first of them.
        self.bad = float(rng.choice([0.02, 0.1, 0.3]))

    def one(self, values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def number(self, *good: str) -> str:
        """Mostly a good one."""
        if good and not self.chance(self.bad):
            return str(self.one(good))
        return str(self.one(WEIRD if self.chance(0.15) else NUMBERS))

    def choice(self, good: Any, bad: Any) -> str:
        return str(self.one(bad if self.chance(self.bad) else good))

    def numbers(self, count: int) -> str:
        length = count if not self.chance(self.bad) else int(self.rng.integers(0, 9))
        return ",".join(self.number("1", "0.5", "-2", "3e2") for _ in range(length))

    def path(self) -> str:
        """Where a run may be written, or may not."""
        kind = int(self.rng.integers(4 + int(2 / self.bad)))
        if kind == 0:
            return str(self.one([*SPECIAL_FILES, *WEIRD]))
        if kind == 1:
            return "/".join(["d"] * int(self.one([5, 300, 1500, 2100])))
        if kind == 2:
            return str(self.one(["taken", "used", "locked", "locked/below", "taken/below", "link"]))
        if kind == 3:
            return "o\udcffut/é\n"[: int(self.rng.integers(2, 9))]
        return "out"

    def file(self, content: bytes, ending: str = "") -> str:
        """A file of that content, sometimes through standard input or with an odd name."""
        name = str(
            self.one(["table", "table", "table", "ta\udcffble", "ta\nble", "$t$", "-t", "täble"])
        )
        (self.folder / f"{name}{ending}").write_bytes(content)
        return f"{name}{ending}"


# ------------------------------------------------------------------------------- files


def matrix_bytes(draw: Draw) -> tuple[bytes, str]:
    """A matrix as text or ``.npy``, whole or damaged, and the ending of its name."""
    n = int(draw.one([1, 2, 3, 3, 3, 5, 20]))
    rng = draw.rng
    scale = float(
        draw.one([1.0, 1.0, 1.0, 1e6, 1e20, 1e100, 1e155, 1e200, 1e300, 1e-10, 1e-160, 1e-300])
    )
    matrix = rng.uniform(-1, 1, (n, n if draw.chance(0.9) else n + 1)) * scale
    if draw.chance(0.2):
        special = [0.0, np.nan, np.inf, 5e-324, 1.7e308, -0.0, 1e-320]
        matrix[rng.integers(n), rng.integers(n)] = draw.one(special)
    if draw.chance(0.1):
        matrix[:] = matrix[0]
    if draw.chance(0.4):
        return damaged(draw, npy(draw, matrix)), draw.one([".npy", ".npy", ".csv", ""])
    separator = draw.one([",", " ", ";", "\t", ", "])
    text = "\n".join(separator.join(f"{v:.17g}" for v in row) for row in matrix)
    return damaged(draw, text.encode(), 0.3), draw.one([".csv", ".txt", "", ".npy"])


def npy(draw: Draw, matrix: np.ndarray) -> bytes:
    """A ``.npy`` file, with a header that says something else now and then."""
    kinds = ["<f8"] * 6 + [
        ">f8",
        "<f4",
        "<i8",
        "<f2",
        "|b1",
        "<c16",
        "|S8",
        "<U4",
        "|O",
        "<M8[D]",
        "|V8",
    ]
    dtype = draw.one(kinds)
    with np.errstate(all="ignore"):
        try:
            body = matrix.astype(dtype).tobytes()
        except (ValueError, TypeError, OverflowError):
            body = matrix.tobytes()
    shape = draw.one(
        [matrix.shape] * 8 + [(10**9, 10**9), (-1, 3), (), (0, 0), (3,), (2**63, 1), "x", (1.5,)]
    )
    header = f"{{'descr': {dtype!r}, 'fortran_order': {draw.chance(0.2)}, 'shape': {shape!r}, }}"
    if draw.chance(0.15):
        header = str(
            draw.one(
                ["{}", "[]", "1", "{'descr': '<f8'}", "(" * 300, "\xff", header.replace("'", "")]
            )
        )
    data = header.encode("latin1").ljust(117) + b"\n"
    version = draw.one([b"\x01\x00"] * 8 + [b"\x02\x00", b"\x09\x00", b"\x00\x00"])
    return b"\x93NUMPY" + version + struct.pack("<H", len(data)) + data + body


def damaged(draw: Draw, content: bytes, share: float = 0.25) -> bytes:
    """The bytes as they are, or cut, with some changed, or put into another form."""
    if not draw.chance(share):
        return content
    kind = int(draw.rng.integers(6))
    if kind == 0:
        return content[: int(draw.rng.integers(len(content) + 1))]
    if kind == 1:
        changed = bytearray(content)
        for _ in range(int(draw.rng.integers(1, 4))):
            if changed:
                changed[int(draw.rng.integers(len(changed)))] = int(draw.rng.integers(256))
        return bytes(changed)
    if kind == 2:
        at = int(draw.rng.integers(len(content) + 1))
        inner = draw.one(
            [b"\0", b"\n\n", b'"a\nb"', b",", b"#", b"1e400", b"nan", b"x\r", b"\xff\xfe"]
        )
        return content[:at] + inner + content[at:]
    return bytes(
        draw.one(
            [
                b"",
                b"\n",
                b"PK\x03\x04",
                b"\x93NUMPY",
                b"\x93NUMPY\x01\x00",
                b"\0" * 50,
                b"#\n",
                b'"',
            ]
        )
    )


def table_bytes(draw: Draw) -> tuple[bytes, list[str]]:
    """A table with classes in its last column, and the names of the columns."""
    rng, rows = draw.rng, int(draw.one([1, 2, 3, 8, 8, 30]))
    odd = [
        "a$b$c",
        "$\\frac{",
        '"a\nb"',
        "",
        "a",
        "_x",
        "\u202eab",
        "naïve",
        "a\0b",
        "x" * 300,
        "#c",
        "1",
        "'",
    ]
    columns = int(rng.integers(1, 4))
    names = [str(draw.one(odd)) if draw.chance(0.2) else f"c{i}" for i in range(columns)]
    scale = float(
        draw.one(
            [1.0] * 4 + [1e6, 1e100, 1e153, 1e154, 1e200, 1e308, 1e-10, 1e-160, 1e-300, 1e-320, 0.0]
        )
    )
    with np.errstate(over="ignore"):
        data = rng.standard_normal((rows, columns)) * scale
    if draw.chance(0.2):
        data[:, 0] = draw.one([0.0, 1.0, 1e-300, 1e150])
    if draw.chance(0.1):
        data[0, 0] = draw.one([np.nan, np.inf, 1e154, 1e-320])
    classes = draw.one(
        [["no", "yes"]] * 5
        + [["a", "b", "c"], ["yes"], ['"a\nb"', "$x^$"], ["", "a"], ["_n", "_y"]]
    )
    kinds = [classes[i % len(classes)] for i in range(rows)]
    lines = [",".join([*names, "kind"])]
    lines += [
        ",".join([*(f"{v:.17g}" for v in row), kind]) for row, kind in zip(data, kinds, strict=True)
    ]
    return damaged(draw, "\n".join(lines).encode(), 0.15), names


def prepare_folder(folder: Path) -> None:
    """What lies in the directory of every command."""
    for name, text in MODULE_FILES.items():
        (folder / name).write_text(text)
    (folder / "taken").write_text("a file")
    (folder / "used").mkdir()
    (folder / "used/run.sqlite").write_bytes(b"no database")
    (folder / "locked").mkdir(mode=0o500)
    os.symlink("nowhere/at/all", folder / "link")


# ------------------------------------------------------------------------------- lines


def shared_flags(draw: Draw) -> list[str]:
    """Flags that every study has."""
    words: list[str] = []
    if draw.chance(0.25):
        words += ["--dtype", draw.choice(["float32", "float64"], ["int8", *WEIRD])]
    if draw.chance(0.3):
        words += ["--seed", draw.number("0", "1", "7", "4294967295", "4294967296", "-1")]
    if draw.chance(0.08):
        words += [
            "--device",
            draw.choice(["cpu", "auto", "@numpy"], ["cuda", "cuda:99", "gpu", "0", "99", *WEIRD]),
        ]
    if draw.chance(0.85):
        words += ["--out", draw.path()]
    return words


def descent_flags(draw: Draw, rules: tuple[str, ...], losses: tuple[str, ...]) -> list[str]:
    words = ["--max-seconds", draw.number("0.2", "0.4", "1e-9") if draw.chance(0.1) else "0.1"]
    if draw.chance(0.4):
        words += ["--rule", draw.choice(rules, ["none", ""])]
    if draw.chance(0.3):
        words += ["--loss", draw.choice(losses, ["huber", "\n"])]
    if draw.chance(0.2):
        words += ["--restart", draw.choice(["kick", "fresh", "none"], ["x"])]
    if draw.chance(0.3):
        words += ["--tol", draw.number("1e-3", "1e-8", "10", "1e300")]
    if draw.chance(0.4):
        words += ["--max-steps", draw.number("1", "2", "20", "100")]
    if draw.chance(0.2 * draw.bad):
        words += [
            "--resume",
            str(draw.one(["used", "missing", "taken", "used/run.sqlite", "", "out", *WEIRD])),
        ]
    return words


def reading_flags(draw: Draw) -> list[str]:
    words: list[str] = []
    if draw.chance(0.15):
        words += ["--decimal", draw.choice([".", ",", "auto"], ["..", *WEIRD])]
    if draw.chance(0.15):
        words += ["--sep", draw.choice([",", ";", "tab", "blank", "|", "auto"], [":", *WEIRD])]
    if draw.chance(0.15):
        words += ["--header", draw.choice(["yes", "no", "auto"], ["maybe", *WEIRD])]
    if draw.chance(0.15):
        codecs = ["utf-8", "utf-16", "latin-1", "auto", "cp1252", "utf-7", "unicode_escape"]
        words += ["--encoding", draw.choice(codecs, ["zip", "rot13", "undefined", *WEIRD])]
    return words


RULES = ("grow-shrink", "grow-shrink-take-back", "barzilai-borwein", "constant")


def inverse(draw: Draw) -> list[str]:
    words = descent_flags(draw, RULES, ("squared", "absolute"))
    if draw.chance(0.45):
        words += ["--size", draw.number("1", "2", "3", "10", "60", "1000000", "0")]
    if draw.chance(0.6):
        content, ending = matrix_bytes(draw)
        name = draw.file(content, ending)
        words += [
            "--matrix",
            draw.choice([name], [*SPECIAL_FILES, *WEIRD]),
            *reading_flags(draw),
        ]
    return words


def eigenvalue(draw: Draw) -> list[str]:
    words = descent_flags(draw, ("adam", *RULES), ("squared",))
    n = int(draw.one([1, 2, 3, 3, 4, 8]))
    if draw.chance(0.7):
        words += ["--targets", draw.numbers(n)]
    if draw.chance(0.3):
        words += ["--start", draw.numbers(n * (n + 1) // 2)]
    if draw.chance(0.4):
        words += ["--lr", draw.number("1e-3", "0.05", "1")]
    if draw.chance(0.5):
        words += ["--starts", draw.number("1", "2", "8", "16", "17")]
    return words


def grid_flags(draw: Draw) -> list[str]:
    words: list[str] = []
    if draw.chance(0.5):
        words += ["--from", draw.number("-1", "-3", "0", "-1e5")]
    if draw.chance(0.5):
        words += ["--to", draw.number("1", "3", "10", "1e5")]
    if draw.chance(0.5):
        words += ["--step", draw.number("0.5", "1", "0.1", "3")]
    return words


def quadratic(draw: Draw) -> list[str]:
    words = grid_flags(draw)
    if draw.chance(0.8):
        n = int(draw.one([1, 2, 2, 2, 3, 4]))
        many = ";".join(draw.numbers(n) for _ in range(n))
        words += ["--Q", many if draw.chance(0.3) else draw.choice(ROWS, WEIRD)]
    if draw.chance(0.4):
        words += ["--b", draw.numbers(2)]
    if draw.chance(0.3):
        words += ["--h", draw.number("1e-4", "0.125", "1")]
    return words


def field(draw: Draw) -> list[str]:
    words = grid_flags(draw)
    if draw.chance(0.15):
        words += ["--preset", draw.choice(["bowl", "saddle", "waves"], ["cup", *WEIRD])]
    if draw.chance(0.8):
        kind = draw.rng.random()
        text = draw.one(MODULES if kind < 0.25 else FORMULAS if kind < 0.97 else WEIRD)
        words += ["--function", str(text)]
    if draw.chance(0.1):
        words += ["--uphill"]
    if draw.chance(0.4):
        words += ["--starts", draw.number("0", "1", "3", "9")]
    for _ in range(int(draw.one([0, 0, 0, 1, 2]))):
        words += ["--start", draw.numbers(2)]
    if draw.chance(0.2):
        words += ["--rule", draw.choice(RULES, ["adam", "x"])]
    if draw.chance(0.3):
        words += ["--step-size", draw.number("0.01", "0.1", "5")]
    return [*words, "--max-steps", draw.number("1", "20", "60") if draw.chance(0.2) else "30"]


def logistic(draw: Draw) -> list[str]:
    words = descent_flags(draw, RULES, ("vectorised", "loop"))
    if draw.chance(0.7):
        content, names = table_bytes(draw)
        name = draw.file(content, ".csv")
        words += ["--data", draw.choice([name], [*SPECIAL_FILES, *WEIRD]), *reading_flags(draw)]
        if draw.chance(0.95):
            words += ["--target", draw.choice(["kind"], ["c0", "king", *WEIRD])]
        if draw.chance(0.2):
            words += ["--features", ",".join(draw.one([*names, "c9", ""]) for _ in range(2))]
        if draw.chance(0.1):
            words += ["--positive", draw.choice(["yes", "no", "a"], ["x", *WEIRD])]
    else:
        if draw.chance(0.3):
            words += [
                "--features",
                draw.choice(["petal_length,petal_width", "petal_length"], ["x", ",", '"', *WEIRD]),
            ]
        if draw.chance(0.3):
            words += ["--positive", draw.choice(["virginica", "setosa"], ["rose", *WEIRD])]
        if draw.chance(0.3):
            words += ["--negative", draw.choice(["virginica", "setosa"], ["rose", *WEIRD])]
    if draw.chance(0.3):
        words += ["--standardise"]
    if draw.chance(0.4):
        words += ["--l2", draw.number("0", "1", "1e-6", "100")]
    if draw.chance(0.3):
        words += ["--step-size", draw.number("1e-3", "0.1", "10")]
    return words


MAKERS: dict[str, Callable[[Draw], list[str]]] = {
    "inverse": inverse,
    "eigenvalue": eigenvalue,
    "quadratic": quadratic,
    "field": field,
    "logistic": logistic,
}


def random_line(seed: int, folder: Path, plots: float = 0.06) -> Line:
    """The line of a seed; the files that it names are put into ``folder``, which is empty."""
    draw = Draw(np.random.default_rng(seed), folder)
    prepare_folder(folder)
    kinds = {"file": 0.9, "full": 0.04, "closed": 0.04, "pipe": 0.02}
    streams = {name: str(draw.rng.choice([*kinds], p=[*kinds.values()])) for name in ("out", "err")}
    if draw.chance(0.002):
        return Line(OTHERS[0], (), streams, b"")
    # The algebra of a form takes more than half a second.
    command = str(draw.rng.choice(STUDIES, p=(0.25, 0.2, 0.1, 0.25, 0.2)))
    words = [*MAKERS[command](draw), *shared_flags(draw)]
    if not draw.chance(plots):
        words.append("--no-plot")
    if draw.chance(0.3):
        words.append("--quiet")
    stdin = b""
    if command in ("inverse", "logistic") and draw.chance(0.05):
        stdin = matrix_bytes(draw)[0] if command == "inverse" else table_bytes(draw)[0]
        flag = "--matrix" if command == "inverse" else "--data"
        if flag in words:
            words[words.index(flag) + 1] = str(
                draw.one(["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
            )
    if draw.chance(0.2 * draw.bad):
        words.insert(
            int(draw.rng.integers(len(words) + 1)), str(draw.one([*WEIRD, "--nope", "--help"]))
        )
    if draw.chance(0.1 * draw.bad) and words:
        words.pop(int(draw.rng.integers(len(words))))
    return Line(command, tuple(words), streams, stdin)

"""Random matrices and tables, written as people have them, and read back.

``python -m tests.fuzz_tables --count 20000 --seed 0`` prints every seed of which other numbers came
back than were written, or that ended in a traceback. To be refused with a word is no fault; the
shares are told at the end.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from playground.graph.errors import InputError
from playground.lab.reading import (
    Dialect,
    numbers_of_text,
    read_matrix,
    read_table,
    rows_of_text,
)

# Decimal mark and what stands between thousands, of some countries.
LOCALES = {"us": (".", ","), "de": (",", "."), "fr": (",", "\u202f"), "ch": (".", "'")}
LOCALES |= {"se": (",", "\u00a0"), "plain": (".", ""), "comma": (",", ""), "blank": (",", " ")}
SEPARATORS = [",", ";", "\t", " ", "|", ", ", "; ", "  "]


class Draw:
    """Choices, drawn from one generator."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one(self, values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)


def values(draw: Draw) -> np.ndarray:
    """A matrix that is square or has several columns, for one column alone is a list."""
    n = int(draw.rng.integers(1, 5))
    m = n if draw.chance(0.7) else int(draw.rng.integers(2, 5))
    kind, rng = int(draw.rng.integers(6)), draw.rng
    if kind == 0:
        return rng.integers(-9, 10, (n, m)).astype(float)
    if kind == 1:
        return rng.integers(-(10**7), 10**7, (n, m)).astype(float)
    if kind == 2:
        return rng.integers(1000, 10**6, (n, m)).astype(float)
    scale = 10.0 ** int(rng.integers(-3, 7))
    return np.round(rng.standard_normal((n, m)) * scale, int(draw.one([0, 1, 2, 3, 6, 12])))


def spelt(value: float, locale: str, places: int | None) -> str:
    """A number in the words of a country, thousands grouped if it does so."""
    decimal, group = LOCALES[locale]
    text = f"{Decimal(repr(float(value))):,f}" if places is None else f"{value:,.{places}f}"
    text = text.removesuffix(".0")
    return text.replace(",", "\0").replace(".", decimal).replace("\0", group)


def quoted(cells: list[str], sep: str, always: bool) -> str:
    sign = sep.strip() or " "
    return sep.join(f'"{c}"' if always or (sign in c) else c for c in cells)


def by_country(draw: Draw, matrix: np.ndarray) -> str:
    """As a spreadsheet writes what it shows."""
    locale, sep, always = draw.one([*LOCALES]), draw.one(SEPARATORS), draw.chance(0.2)
    bare = not always and (sep.strip() in ("", ",") or matrix.shape[1] == 1)
    if LOCALES[locale][1] == "." and bare:
        locale = "comma"  # beside commas and blanks 1.200 is what it is to NumPy, and that is said
    rows = [[spelt(v, locale, None) for v in row] for row in matrix]
    if draw.chance(0.15):
        rows = [[c.replace("-", "\u2212") for c in row] for row in rows]
    if draw.chance(0.05):
        wide = {ord("0") + i: 0xFF10 + i for i in range(10)}
        rows = [[c.translate(wide) for c in row] for row in rows]
    if draw.chance(0.2):
        rows.insert(0, [f"c{j}" for j in range(matrix.shape[1])])
        if draw.chance(0.3):
            rows = [["" if i == 0 else str(i - 1), *row] for i, row in enumerate(rows)]
    ends = [sep.strip() or ""] if draw.chance(0.15) else [""]
    lines = [quoted(row, sep, always) + ends[0] for row in rows]
    if draw.chance(0.1):
        lines.insert(int(draw.rng.integers(len(lines) + 1)), draw.one(["", "# a comment", "  "]))
    return draw.one(["\n", "\r\n"]).join(lines) + draw.one(["", "\n", "\n\n"])


def by_pandas(draw: Draw, matrix: np.ndarray) -> str:
    frame = pd.DataFrame(matrix)
    header = draw.chance(0.6)
    if header and draw.chance(0.6):
        frame.columns = [f"c{j}" for j in range(matrix.shape[1])]
    # Columns of numbers without an index are rows of numbers.
    index = header and (isinstance(frame.columns[0], (int, np.integer)) or draw.chance(0.5))
    if index and header and draw.chance(0.3):
        frame.index = [f"r{i}" for i in range(len(matrix))]
    return frame.to_csv(
        sep=draw.one([",", ";", "\t", "|"]),
        decimal=draw.one([".", ","]),
        header=header,
        index=index,
        quoting=int(draw.one([0, 0, 1])),
    )


def by_numpy(draw: Draw, matrix: np.ndarray) -> str:
    if draw.chance(0.3):
        stream = io.StringIO()
        np.savetxt(stream, matrix, fmt="%.17g", delimiter=draw.one([" ", ",", ";", "\t"]))
        return stream.getvalue()
    with np.printoptions(
        floatmode="unique",
        linewidth=int(draw.one([75, 20, 30])),
        threshold=int(draw.one([1000, 1000, 5])),
        edgeitems=1,
        suppress=draw.chance(0.5),
    ):
        shown = matrix.astype(int) if (matrix == np.round(matrix)).all() else matrix
        text = str(shown) if draw.chance(0.5) else repr(shown)
    return draw.one(["", "A = "]) + text


def typed(draw: Draw, matrix: np.ndarray) -> str:
    """In the brackets of MATLAB, Mathematica, JSON and Python."""
    cells = [[f"{v:g}" if v == float(f"{v:g}") else repr(float(v)) for v in r] for r in matrix]
    form = int(draw.rng.integers(4))
    if form == 0:
        between, rows = draw.one([" ", ", ", ","]), draw.one([";", "; ", ";\n     "])
        inner = rows.join(between.join(row) for row in cells)
        return f"{draw.one(['', 'A = ', 'B='])}[{inner}]{draw.one(['', ';'])}"
    if form == 1:
        swapped = [[c.replace("e", "*^") for c in row] for row in cells]
        return "{" + ", ".join("{" + ", ".join(row) + "}" for row in swapped) + "}"
    if form == 2:
        return json.dumps(matrix.tolist(), indent=draw.one([None, 2]))
    return f"{draw.one(['np.array', 'matrix', 'Matrix'])}({matrix.tolist()})"


def printed(draw: Draw, matrix: np.ndarray) -> str:
    """As MATLAB prints it, with a factor where numbers are large, or as R does."""
    whole = bool((matrix == np.round(matrix)).all())
    cells = [[f"{v:.0f}" if whole else f"{v:.12f}" for v in row] for row in matrix]
    if draw.chance(0.3):
        head = "     " + " ".join(f"[,{j + 1}]" for j in range(matrix.shape[1]))
        return "\n".join([head, *(f"[{i + 1},] {' '.join(r)}" for i, r in enumerate(cells))])
    head = draw.one(["A =\n\n", "ans =\n\n", f"A = {matrix.shape[0]}x{matrix.shape[1]}\n"])
    if draw.chance(0.5):
        cells = [[f"{Decimal(repr(float(v))).scaleb(-3):f}" for v in row] for row in matrix]
        head += "   1.0e+03 *\n\n"
    lines = ["    ".join(["", *row]) for row in cells]
    if matrix.shape[1] > 1 and draw.chance(0.3):
        at = int(draw.rng.integers(1, matrix.shape[1]))
        parts = []
        for first, last in ((0, at), (at, matrix.shape[1])):
            one = first + 1 == last
            span = f"Column {last}" if one else f"Columns {first + 1} through {last}"
            parts.append(f"  {span}:\n\n" + "\n".join("  ".join(r[first:last]) for r in cells))
        return head + "\n\n".join(parts)
    return head + "\n".join(lines) + "\n"


WRITERS: tuple[Callable[[Draw, np.ndarray], str], ...] = (
    by_country,
    by_country,
    by_pandas,
    by_numpy,
    typed,
    printed,
)
FINE = ("read", "refused", "scraps")
ENCODINGS = ["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-16-le"]


def of_matrix(seed: int, folder: Path) -> tuple[str, str]:
    """How the matrix of a seed came back, and its text: "read", "refused" or a fault."""
    draw = Draw(seed)
    matrix = values(draw)
    text = draw.one(WRITERS)(draw, matrix)
    whole, hole = text, draw.chance(0.05)
    if hole:
        text = re.sub(
            r"(?<![\w.,])-?\d+\.\d+(?![\w.,])", draw.one(["NA", "#N/A", "nan"]), text, count=1
        )
        hole = text != whole
    file = folder / "matrix.txt"
    file.write_bytes(text.encode(draw.one(ENCODINGS)))
    try:
        found = read_matrix(file).values
    except InputError as error:
        told = str(error)
        return ("refused" if "\n" not in told else f"two lines: {told}"), text
    if hole:
        return f"read {found.tolist()} with a hole in it", text
    if np.array_equal(found, matrix):
        return "read", text
    # What is not square is refused by the command.
    if matrix.shape[0] == matrix.shape[1] and found.shape[0] != found.shape[1]:
        return "refused", text
    return f"wrong: {matrix.tolist()} became {found.tolist()}", text


def of_table(seed: int, folder: Path) -> tuple[str, str]:
    """The same of a table with a column of classes."""
    draw = Draw(seed)
    matrix = values(draw)
    locale, sep = draw.one([*LOCALES]), draw.one([",", ";", "\t", "|"])
    if LOCALES[locale][1] == "." and sep == ",":
        locale = "comma"
    names = [f"c{j}" for j in range(matrix.shape[1])]
    rows = [[spelt(v, locale, None) for v in row] for row in matrix]
    kinds = [draw.one(["yes", "no", "a, b", "x;y", "1,5"]) for _ in rows]
    lines = [quoted([*names, "kind"], sep, False)]
    lines += [quoted([*r, k], sep, False) for r, k in zip(rows, kinds, strict=True)]
    if draw.chance(0.2):
        lines = [f"{'' if i == 0 else i - 1}{sep}{line}" for i, line in enumerate(lines)]
    text = "\n".join(lines)
    file = folder / "table.csv"
    file.write_bytes(text.encode(draw.one(ENCODINGS)))
    try:
        table = read_table(file, Dialect())
        found = table.points([name for name in table.columns if name != "kind"])
    except InputError as error:
        told = str(error)
        return ("refused" if "\n" not in told else f"two lines: {told}"), text
    if np.array_equal(found, matrix) and table.text("kind") == kinds:
        return "read", text
    return f"wrong: {matrix.tolist()} became {found.tolist()}", text


SCRAPS = [*"[](){};,.|=#%'\"`e120-\u2212\u0661", "...", "NA", "a", "nan", "array(", "np.float64("]
SCRAPS += [
    "1.0e+03*",
    "[,1]",
    "[1,]",
    "sep=;",
    "\ufeff",
    "2x2",
    "A=",
    "*^",
    "#N/A",
    "1,200",
    "1.200",
]
SCRAPS += [" ", "\t", "\n", "\u00a0", "\n  Columns 1 through 2\n", "\n   1.0e+03 *\n", "\nA =\n"]


def of_scraps(seed: int, folder: Path) -> tuple[str, str]:
    """Of a text without a meaning, or a spoilt one: a number, or one line and no traceback."""
    draw = Draw(seed)
    parts = list(draw.one(WRITERS)(draw, values(draw))) if draw.chance(0.5) else []
    for _ in range(int(draw.rng.integers(1, 20))):
        parts.insert(int(draw.rng.integers(len(parts) + 1)), draw.one(SCRAPS))
    text = "".join(parts)
    file = folder / "scraps"
    file.write_bytes(text.encode())
    dialect = Dialect(
        decimal=draw.one(["auto", ".", ","]),
        sep=draw.one(["auto", "auto", ",", ";", "tab", "blank", "|"]),
        header=draw.one(["auto", "auto", "yes", "no"]),
    )
    for reader in (
        lambda: read_matrix(file, dialect),
        lambda: read_table(file, dialect).points(["a"]),
        lambda: rows_of_text(text),
        lambda: numbers_of_text(text),
    ):
        try:
            reader()
        except InputError as error:
            told = str(error).replace(text, "")
            if len(told.splitlines()) != 1:
                return f"{len(told.splitlines())} lines: {told}", text
        except Exception as error:
            return f"{type(error).__name__}: {error}", text
    return "scraps", text


def fuzz(first: int, count: int) -> tuple[Counter[str], list[str]]:
    """How so many seeds ended, and the faults among them."""
    ended: Counter[str] = Counter()
    faults = []
    with tempfile.TemporaryDirectory() as name:
        for seed in range(first, first + count):
            for kind in (of_matrix, of_table, of_scraps):
                how, text = kind(seed, Path(name))
                ended[how if how in FINE else "fault"] += 1
                if how not in FINE:
                    faults.append(f"{kind.__name__} {seed}: {how}\n{text!r}")
    return ended, faults


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    ended, faults = fuzz(options.seed, options.count)
    print(*faults[:20], sep="\n")
    told = ", ".join(f"{count} {how}" for how, count in sorted(ended.items()))
    print(f"{3 * options.count} matrices, tables and scraps: {told}")
    return min(len(faults), 1)


if __name__ == "__main__":
    sys.exit(main())

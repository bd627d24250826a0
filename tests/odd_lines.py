"""Command lines that once ended in a traceback, in two lines, or not at all, kind by kind.

The words of a line are parted by ``|``.
"""

from __future__ import annotations

import io

import numpy as np


def _npy(header: str) -> bytes:
    data = header.encode("latin1").ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(data).to_bytes(2, "little") + data + bytes(72)


def _saved(matrix: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, matrix)
    return stream.getvalue()


_TINY = "x,z,kind\n" + "\n".join(f"{i}e-300,{i * i % 7}e-300,{'ab'[i % 2]}" for i in range(1, 9))

FILES = {
    "open.npy": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 3"),
    "nested.npy": _npy("(" * 110),
    "list.npy": _npy("[1, 2]"),
    "keys.npy": _npy("{'descr': '<f8'}"),
    "negative.npy": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 3), }"),
    "huge.npy": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (9999999999, 9), }"),
    "dtype.npy": _npy("{'descr': 'nonsense', 'fortran_order': False, 'shape': (3, 3), }"),
    "shape.npy": _npy("{'descr': '<f8', 'fortran_order': False, 'shape': 'x', }"),
    "cut.npy": _saved(np.eye(3))[:60],
    "version.npy": b"\x93NUMPY\x09\x00" + _saved(np.eye(3))[8:],
    "latin.npy": _npy("{'descr': '<f8', 'fortran_order': Fals\xff, 'shape': (3, 3), }"),
    "large.csv": b"1e6,2e6,3e6\n4e6,5e6,6e6\n7e6,8e6,1e7\n",
    "larger.csv": b"1e200,2e150,1\n4,5e200,6\n7,8,1e250\n",
    "largest.csv": b"1.7e308,1e308\n-1e308,1.7e308\n",
    "small.csv": b"1e-300,0\n0,2e-300\n",
    "mixed.csv": b"1e-160,1e160\n1e160,1e-160\n",
    "tiny.csv": _TINY.encode(),
    "wide.csv": b"x,z,kind\n1e150,-5,a\n2,3e-150,b\n-1e150,4,a\n7,1e-300,b\n",
    "denormal.csv": b"x,kind\n5e-324,a\n1e-320,b\n3e-320,a\n",
    "far.csv": b"x,kind\n9e153,a\n-9e153,b\n1,a\n",
    "break\nname.csv": b"x,kind\n1,a\n",
    "bytes\udcff.csv": b"x,kind\n1,a\n",
    "quoted.csv": b'"a\nb",kind\n1,a\n',
}

_DAMAGED = "is a damaged or incomplete .npy file"

REFUSED = {
    "two dashes as a value": [
        ("inverse|--size|3|--seed|--", "--seed: expected a value, got '--'"),
        ("inverse|--size|3|--seed=--", "--seed: expected a value, got '--'"),
        ("eigenvalue|--targets|--", "--targets: expected a value"),
        ("field|--start|--", "--start: expected a value"),
        ("quadratic|--Q|--", "--Q: expected a value"),
        ("logistic|--l2|--", "--l2: expected a value"),
        ("inverse|--size|--|--seed|3", "--size: expected a value"),
    ],
    "null bytes": [
        ("inverse|--matrix|a\0b", "a null byte"),
        ("eigenvalue|--resume|\0", "a null byte"),
        ("quadratic|--Q|1\0;2", "a null byte"),
        ("field|--function|x0\0", "a null byte"),
        ("logistic|--data|a\0.csv|--target|kind", "a null byte"),
    ],
    "line breaks in names": [
        ("logistic|--data|break\nname.csv|--target|kind", "break\\nname.csv"),
        ("logistic|--data|quoted.csv|--target|kind", "quoted.csv holds one class"),
        ("logistic|--data|none\n.csv|--target|kind", "none\\n.csv"),
        ("inverse|--matrix|none\n.csv", "cannot read none\\n.csv"),
        ("logistic|--features|a\nb", "--features|got 2 lines".partition("|")[2]),
        ("field|--function|x0\nx1", "no formula"),
        ("logistic|--data|bytes\udcff.csv|--target|kind", "bytes\\xff.csv"),
    ],
    "steps of a grid": [
        ("field|--from|0|--to|1|--step|5e-324", "a step of at least 0.001"),
        ("field|--from|0|--to|1e-310|--step|5e-324", "a step of at least 1.0"),
        ("quadratic|--from|0|--to|1e-300|--step|1e-320", "a step of at least 1.001e-303"),
        ("quadratic|--from|0|--to|1e-307|--step|1e-322", "a step of at least 1.0"),
        ("field|--from|1e16|--to|1.0000000000000064e16|--step|0.5", "too short to tell"),
        ("quadratic|--from|1e300|--to|2e300|--step|1", "choose a step of at least"),
    ],
    "headers of .npy": [
        *((f"inverse|--matrix|{name}.npy", _DAMAGED) for name in (
            "open", "nested", "list", "keys", "negative", "huge", "dtype", "shape", "cut",
            "version", "latin",
        )),
    ],
    "files that never end": [
        ("inverse|--matrix|/dev/zero", "/dev/zero holds more than 20 MB"),
        ("inverse|--matrix|/dev/full", "/dev/full holds more than 20 MB"),
        ("logistic|--data|/dev/zero|--target|kind", "/dev/zero holds more than 20 MB"),
        ("logistic|--data|/dev/full|--target|kind", "/dev/full holds more than 20 MB"),
        ("inverse|--matrix|/dev/urandom", "/dev/urandom holds more than 20 MB"),
        ("inverse|--matrix|/dev/null", "/dev/null is empty"),
        ("logistic|--data|/dev/null|--target|kind", "/dev/null is empty"),
        ("logistic|--data|/proc/self/mem|--target|kind", "cannot read /proc/self/mem"),
        ("logistic|--data|.|--target|kind", "cannot read .: it is a directory"),
    ],
    "functions that leave": [
        ("field|--function|sys:exit", "sys:exit"),
        ("field|--function|builtins:exit", "SystemExit"),
        ("field|--function|builtins:quit", "SystemExit"),
        ("field|--function|mine:leaves", "SystemExit: 3"),
        ("field|--function|quits:f", "quits cannot be imported (SystemExit: 7)"),
        ("field|--function|os:_exit", "os:_exit"),
        ("field|--function|mine:raises", "a reason; of two lines"),
        ("field|--function|stops:f", "stops cannot be imported (KeyError"),
        ("field|--function|mine:recursive", "RecursionError"),
    ],
    "fractions and powers": [
        ("quadratic|--Q|1e400,0;0,1", "expected a finite number, got '1e400'"),
        ("quadratic|--Q|1e99999999,0;0,1", "expected a finite number, got '1e99999999'"),
        ("quadratic|--Q|1,0;0,1|--b|1,-1e9999999999", "'-1e9999999999'"),
        ("quadratic|--Q|1/0,0;0,1", "expected a finite number, got '1/0'"),
        ("quadratic|--Q|nan,0;0,1", "expected a finite number, got 'nan'"),
        ("quadratic|--Q|1,0;0,-inf", "expected a finite number, got '-inf'"),
        ("quadratic|--Q|1e5/3,0;0,1", "expected a finite number, got '1e5/3'"),
    ],
    "words that Python warns of": [
        ("field|--function|1if", "no formula"),
        ("field|--function|1or x0", "or"),
        ("field|--function|0x1for x", "cannot be read"),
        ("field|--function|'a'(x0)", "cannot be read"),
        ("field|--function|(1)(x0)", "cannot be read"),
    ],
}  # fmt: skip

ENDS = {
    "targets far away": [
        f"eigenvalue|--targets|{targets}|--max-seconds|0.2|--starts|2"
        for targets in ("1e200", "1e154,1", "1.7e308,0", "-1e300,1e300", "1e-320", "1e160,1e-160")
    ],
    "points that become infinite": [
        *(
            f"eigenvalue|--targets|1,2|--rule|{rule}|--lr|{rate}|--max-seconds|0.2|--starts|2"
            for rule in ("constant", "adam", "grow-shrink")
            for rate in ("1e300", "1e170")
        ),
    ],
    "matrices that diverge": [
        f"inverse|--matrix|{name}.csv|--max-seconds|0.2|--restart|{restart}"
        for name in ("large", "larger", "largest", "small", "mixed")
        for restart in ("kick", "none")
    ],
    "features near 0 and far from it": [
        *(
            f"logistic|--data|{name}.csv|--target|kind|--l2|{l2}|--max-seconds|0.2"
            for name in ("tiny", "wide", "denormal", "far")
            for l2 in ("0", "1", "1e-300")
        ),
    ],
    "forms of large numbers": [
        "quadratic|--Q|1e-99999999",
        "quadratic|--Q|1e200",
        "quadratic|--Q|1e308",
        "quadratic|--Q|-1e308|--b|1e308",
        "quadratic|--Q|1e-320",
        "quadratic|--Q|1e308,-1e308;-1e308,1e308",
    ],
    "functions that overflow": [
        "field|--function|1e300*x0**2*x1**2*1e10",
        "field|--function|exp(exp(exp(x0)))",
        "field|--function|1/x0/x1",
        "field|--function|1e-200*x0*1e-200*x1",
        "field|--function|x0//x1",
        "field|--function|sign(x0)",
        "field|--function|mine:warns|--max-steps|5",
        "field|--from|-1e308|--to|0|--step|1e307|--function|x0",
    ],
}

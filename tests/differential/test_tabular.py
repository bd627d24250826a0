"""Tabular datasets: the same script on both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import playground
from tests.differential.both import assert_same, chainer, raised, run, same

N = 6


def tables(engine: Any) -> dict[str, Any]:
    """Datasets of every kind, of the columns a, b and c where there are several."""
    make = engine.dataset.tabular.from_data
    array = np.arange(2 * N).reshape(N, 2)
    base = make({"a": array, "b": list("uvwxyz"), "c": np.arange(N) * 0.5})
    double = lambda a, b, c: (c * 2, b + b)  # noqa: E731
    return {
        "dict": base,
        "tuple": base.astuple(),
        "array": make(array),
        "list": make(("name", [3, 1, 4, 1, 5, 9])),
        "function": make(("i", lambda i: i * i), size=N),
        "functions": make((("i", "j"), lambda i: (i, -i)), size=N),
        "mixed": make((array, ("twice", lambda i: 2 * i))),
        "rows": base.slice[1:5],
        "backwards": base.slice[::-2],
        "chosen": base.slice[[4, 0, -1]],
        "masked": base.slice[[True, False] * 3],
        "column": base.slice[:, "c"],
        "columns": base.slice[[1, 2], ("c", 0)],
        "again": base.slice[1:].slice[::-2, ("b",)].slice[[1, 0]],
        "concat": base.concat(base.slice[:2], base.slice[3:]),
        "join": base.join(make({"d": array[::-1]}), make(("e", [0] * N))),
        "transform": base.astuple().transform(("x", "y"), double),
        "by name": base.transform("x", lambda a, b, c: c + 1),
        "to dict": base.transform(("x", "y"), lambda a, b, c: {"y": b, "x": c}),
        "batch": base.slice[:, ("a", "c")]
        .astuple()
        .transform_batch("s", lambda a, c: a.sum(1) + c),
        "converted": base.slice[:, "c"].with_converter(lambda c: np.asarray(c) * 10),
    }


NAMES = [*tables(playground)]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_in_a_table(name: str) -> None:
    def script(engine: Any) -> Any:
        table = tables(engine)[name]
        count = len(table)
        numbers = [0, -1, 2] if name in ("dict", "array", "list") else [0, count - 1]
        named = tuple(key for key in table.keys if not key.startswith("_"))
        converted = [] if name in ("chosen",) else [raised(lambda: table.convert(table.fetch()))]
        return (
            count,
            named,
            table.mode and table.mode.__name__,
            [plain(table[i]) for i in numbers],
            [plain(example) for example in table],
            plain(table[1:3]),
            plain(table.slice[::-1].fetch()),
            [plain(part) for part in converted],
            plain(table.get_examples([1, 0], (0,))),
        )

    assert_same(run(script, playground), run(script, chainer))


def plain(value: Any) -> Any:
    """Lists of lists: which of them are arrays is left to each engine."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if not k.startswith("_")}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return value.tolist() if hasattr(value, "tolist") else value


@same
def test_tables_that_are_refused(engine: Any) -> Any:
    make, base = engine.dataset.tabular.from_data, tables(engine)["dict"]
    kind = engine.dataset.TabularDataset()
    turning = base.transform("x", lambda a, b, c: c if c < 1 else (c,))
    shorter = base.slice[:, ("c",)].transform_batch("x", lambda c: c[1:])
    return (
        raised(lambda: base.slice[[6]]),
        raised(lambda: base.slice[[-7]]),
        raised(lambda: base.slice[[True]]),
        raised(lambda: base.slice[:, "z"]),
        raised(lambda: base.slice[:, 3]),
        raised(lambda: base.concat(base.slice[:, ("a",)])),
        raised(lambda: base.join(base)),
        raised(lambda: base.join(make({"d": [1]}))),
        raised(lambda: turning.fetch()),
        raised(lambda: shorter.fetch()),
        raised(lambda: make(lambda i: i)),
        raised(lambda: make(("i", lambda i: i))),
        raised(lambda: kind.keys),
        raised(lambda: kind.mode),
        raised(lambda: kind.get_examples(None, None)),
    )


@same
def test_a_table_of_a_users_own(engine: Any) -> Any:
    class Evens(engine.dataset.tabular.DelegateDataset):
        def __len__(self) -> int:
            return len(self.dataset) // 2

        def get_examples(self, indices: Any, key_indices: Any) -> Any:
            rows = range(len(self)) if indices is None else indices
            return self.dataset.get_examples([2 * i for i in rows], key_indices)

    table = Evens(tables(engine)["list"]).join(tables(engine)["function"].slice[:3])
    np.random.seed(0)
    iterator = engine.iterators.SerialIterator(table, 2)
    return plain(table.fetch()), table.keys, plain(iterator.next()), plain(iterator.next())

"""The tools of tests: Chainer 7.8.1 and playground, one script."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

import numpy as np

from tests.chainer_oracle import _borrowed, _requirements_stub
from tests.differential.both import raised, same


def tools(engine: Any) -> Any:
    """Chainer's are not loaded with it, and ask for pkg_resources too."""
    with _borrowed(sys.modules, {"pkg_resources": _requirements_stub()}):  # type: ignore[arg-type]
        return importlib.import_module(f"{engine.__name__}.testing")


@same
def test_products_and_matrices(engine: Any) -> Any:
    testing = tools(engine)
    np.random.seed(4)
    return (
        testing.product({"b": [1, 2], "a,c": [(1, 2), (3, 4)]}),
        testing.product([[{"x": 1}], [{"y": 2}, {"y": 3}]]),
        testing.from_pytest_parameterize("a", [1, (2, 3)]),
        raised(lambda: testing.product("a")),
        raised(lambda: testing.generate_matrix((3,), singular_values=1)),
        raised(lambda: testing.generate_matrix((3, 3))),
        np.round(testing.generate_matrix((2, 3, 2), singular_values=[2, 1]), 9),
        np.round(testing.generate_matrix((2, 3), "F", singular_values=[2, 1]), 4),
    )

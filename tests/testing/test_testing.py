"""The tools of tests, tried on tests that are made here."""

from __future__ import annotations

import os
import subprocess
import sys
import types
import unittest
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from playground import testing
from playground.testing import attr, condition


def run(case: type[unittest.TestCase]) -> unittest.TestResult:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    made = types.ModuleType("module_of_tests")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def test_products() -> None:
    settings = testing.product({"a": [1, 2], "b,c": [(3, 4), (5, 6)]})
    assert settings == [{"a": a, "b": b, "c": c} for a in (1, 2) for b, c in ((3, 4), (5, 6))]
    assert testing.product([[{"x": 1}, {"x": 2}], [{"y": 3}]]) == [
        {"x": 1, "y": 3},
        {"x": 2, "y": 3},
    ]
    assert testing.product_dict([{"x": 1, "y": 0}], [{"y": 2}]) == [{"x": 1, "y": 2}]
    for wrong in ("a", [{"x": 1}], [[1]]):
        with pytest.raises(TypeError, match="product: expected"):
            testing.product(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected 2 values"):
        testing.from_pytest_parameterize("a,b", [(1, 2, 3)])


def test_parameterize_makes_a_class_for_each_setting(module: types.ModuleType) -> None:
    seen: list[Any] = []

    class TestIt(unittest.TestCase):
        n: int
        f: Any
        k: str
        __module__ = module.__name__

        def test_value(self) -> None:
            seen.append((self.n, self.f(self.n), self.k))
            assert self.n < 3

    module.TestIt = TestIt  # type: ignore[attr-defined]
    inner = testing.parameterize({"n": 1, "f": lambda n: n + 1}, {"n": 3, "f": abs})(TestIt)
    testing.parameterize_pytest("k", ["u", "v"])(inner)
    found = {name: case for name, case in vars(module).items() if name.startswith("TestIt")}
    assert len(found) == 4
    results = {name: run(case) for name, case in found.items()}
    assert sorted(seen) == [(1, 2, "u"), (1, 2, "v"), (3, 3, "u"), (3, 3, "v")]
    failed = [text for result in results.values() for _, text in result.failures]
    assert len(failed) == 2
    assert "with the setting {'n': 3" in failed[0]
    assert any("n=1" in name and "k='u'" in name for name in found)
    with pytest.raises(TypeError, match="a subclass of TestCase"):
        testing.parameterize({"n": 1})(object)


@pytest.mark.parametrize(
    ("decorator", "outcomes", "passes", "calls"),
    [
        (condition.retry(3), "ffp", True, 3),
        (condition.retry(3), "fff", False, 3),
        (condition.retry(3), "pff", True, 1),
        (condition.repeat(3), "ppp", True, 3),
        (condition.repeat(3), "pfp", False, 2),
        (condition.repeat_with_success_at_least(4, 2), "fpfp", True, 4),
        (condition.repeat_with_success_at_least(4, 2), "ffpf", False, 4),
    ],
)
def test_repeated_trials(decorator: Any, outcomes: str, passes: bool, calls: int) -> None:
    made: list[str] = []

    class Case(unittest.TestCase):
        def setUp(self) -> None:
            self.fresh = not hasattr(self, "fresh")

        def tearDown(self) -> None:
            made.append("down")

        @decorator
        def test_it(self) -> None:
            assert self.fresh
            made.append("call")
            assert outcomes[made.count("call") - 1] == "p"

    result = run(Case)
    assert result.wasSuccessful() is passes
    assert made.count("call") == calls
    # Once a trial, and once for the test itself.
    assert made.count("down") == calls + 1
    assert result.errors == []


def test_a_skipped_trial_skips_the_test() -> None:
    class Case(unittest.TestCase):
        @condition.retry(3)
        def test_it(self) -> None:
            self.skipTest("not today")

    assert [reason for _, reason in run(Case).skipped] == ["not today"]
    with pytest.raises(ValueError, match="at least 3 trials"):
        condition.repeat_with_success_at_least(2, 3)


def test_assert_warns() -> None:
    with testing.assert_warns(DeprecationWarning):
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    with (
        pytest.raises(AssertionError, match="expected a warning DeprecationWarning, got UserW"),
        testing.assert_warns(DeprecationWarning),
    ):
        warnings.warn("other", UserWarning, stacklevel=1)


def test_assert_allclose_is_that_of_gradient_check() -> None:
    testing.assert_allclose(np.ones(3), np.ones(3) + 1e-6)
    with pytest.raises(AssertionError, match=r"the worst \[1\]"):
        testing.assert_allclose(np.ones(3), np.array([1, 2, 1.0]))


@pytest.mark.parametrize("shape", [(2, 3), (3, 3), (4, 3, 2), (0, 3), (2, 0, 3)])
@pytest.mark.parametrize("dtype", ["f", "d", "F"])
def test_generate_matrix_has_the_singular_values(shape: Any, dtype: str) -> None:
    values = np.array([2.0, 0.5, 0.25])[: min(shape[-2:])]
    with np.errstate(all="raise"):
        found = testing.generate_matrix(shape, dtype, singular_values=values)
    assert found.shape == shape
    assert found.dtype == np.dtype(dtype)
    if found.size:
        singular = np.linalg.svd(found, compute_uv=False)
        np.testing.assert_allclose(singular, np.broadcast_to(values, singular.shape), rtol=1e-5)


def test_generate_matrix_refuses() -> None:
    for error, arguments in [
        (ValueError, {"shape": (3,), "singular_values": 1}),
        (TypeError, {"shape": (3, 3)}),
        (TypeError, {"shape": (3, 3), "dtype": int, "singular_values": 1}),
        (TypeError, {"shape": (3, 3), "singular_values": 1j}),
        (ValueError, {"shape": (3, 3), "singular_values": -1}),
        (ValueError, {"shape": (3, 3), "singular_values": [1, 2]}),
    ]:
        with pytest.raises(error):
            testing.generate_matrix(**arguments)  # type: ignore[arg-type]


def test_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    def test() -> str:
        return "run"

    for mark in (attr.slow, attr.cudnn, attr.ideep, attr.chainerx):
        assert mark(test)() == "run"
    assert {mark.name for mark in test.pytestmark} >= {"slow", "cudnn"}  # type: ignore[attr-defined]
    monkeypatch.setenv(attr.LIMIT, "0")
    with pytest.raises(unittest.SkipTest, match="needs GPUs: 1, there are 0"):
        attr.gpu(lambda: None)()
    monkeypatch.setenv(attr.LIMIT, "2")
    assert attr.multi_gpu(2)(test)() == "run"
    monkeypatch.setattr(attr, "is_available", lambda: False)
    assert attr.slow(test) is test
    assert attr.slow(reason="long")(test) is test


def test_run_module_runs_the_file_and_exits_with_its_failure(tmp_path: Path) -> None:
    script = tmp_path / "test_of_a_script.py"
    script.write_text(
        "import unittest\nfrom playground import testing\n\n"
        "@testing.parameterize(*testing.product({'n': [1, 2]}))\n"
        "class TestIt(unittest.TestCase):\n"
        "    def test_n(self):\n        self.assertLess(self.n, 2)\n\n"
        "testing.run_module(__name__, __file__)\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert testing.run_module("elsewhere", str(script)) is None

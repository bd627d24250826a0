"""Random programs: a small run, and that every recorded function can be in one."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from playground.functions.registry import RECORDED, full_name
from playground.transforms import vmap
from tests import campaign, campaign_checks
from tests.campaign_calls import CALLS, LAST_BITS, NOT_CALLED
from tests.campaign_checks import Fault, Trial, faults
from tests.campaign_programs import Program, make, shrunk


def name_of(function: object) -> str:
    if isinstance(function, tuple):
        return f"{function[0].__name__}.{function[1]}"
    return full_name(function).removeprefix("numpy.")


def test_a_small_run() -> None:
    tally, reports = campaign.run(range(60), limit=20.0, progress=False)
    assert not tally.found, "\n\n".join(reports)
    assert tally.programs == 60
    assert not tally.late


def test_every_recorded_function_is_called_or_has_a_reason() -> None:
    recorded = {name_of(function) for function in RECORDED}
    assert recorded - {*CALLS} == recorded & {*NOT_CALLED}
    assert all(NOT_CALLED.values())


def test_no_call_is_of_a_function_that_is_not_recorded() -> None:
    named = {name for name in CALLS if ":" not in name and hasattr(np, name.partition(".")[0])}
    assert named <= {name_of(function) for function in RECORDED}
    assert {*LAST_BITS} <= {*CALLS}


@pytest.mark.parametrize("word", sorted(CALLS)[::20])
def test_a_program_can_be_made_to_call_a_function(word: str) -> None:
    program = make(0, wanted=word)
    assert program.calls[-1] == word
    assert make(0, wanted=word).text() == program.text()


A_FAULT = Program(
    {"x0": np.array([0.3, -1.2]), "x1": np.array([[2.0]])},
    (
        "v0 = np.exp(x1)",
        "v1 = np.sin(x0)",
        "v2 = np.negative(v1)",
        "v3 = v2.astype(int) * 1.0 + v2",
        "v4 = v3 * v0",
    ),
    ("x0", "x1"),
    ("exp", "sin", "negative", "word", "multiply"),
)


def test_a_failing_program_shrinks_to_the_line_that_fails() -> None:
    program = shrunk(A_FAULT, lambda p: any("astype(int)" in line for line in p.lines))
    assert len(program.lines) == 1
    assert len(program.inputs) == 1
    (value,) = program.inputs.values()
    np.testing.assert_array_equal(value, -np.sin(A_FAULT.inputs["x0"]))


def test_a_report_is_python_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    program = Program(A_FAULT.inputs, ("v0 = x0 * x1", "v1 = np.sin(v0)"), ("x0", "x1"))
    for check in campaign.SHOWN:
        text = campaign.as_python(program, 3, Fault(check, "differs"))
        assert text.startswith(f"# seed 3, {check}: differs")
        with np.errstate(all="ignore"):
            exec(compile(text, "<report>", "exec"), {})  # noqa: S102 (a report is a text)
        assert capsys.readouterr().out


def test_a_wrong_derivative_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from playground.functions.elementwise.trigonometric import Sin

    program = Program({"x0": np.array([0.3, -1.2])}, ("v0 = np.sin(x0)",), ("x0",), ("sin",))
    assert faults(program, 0) == ([], [])
    monkeypatch.setattr(Sin, "backward", lambda self, gy, x: gy * x)
    assert {re.split(r"[ :]", fault.kind)[0] for fault in faults(program, 0)[0]} >= {"first"}


@pytest.mark.parametrize(
    ("line", "x", "silent"),
    [
        # NaN is true of a line that has no derivative where it is, and is used.
        ("v1 = np.cbrt(v0)[:1]", [0.0, 1.0], "no derivative of v1"),
        ("v1 = np.arctan2(v0, v0)", [0.0, 1.0], "no derivative of v1"),
        ("v1 = np.where(v0 > 0, v0, 0.0)", [0.0, 1.0], "no derivative of v1"),
        # And a fault of one that is not used, or has one.
        ("v1 = np.where(v0 > 0.5, np.cbrt(v0), v0)", [0.0, 1.0], None),
        ("v1 = np.sum(v0 ** 2)", [0.0, 1.0], None),
    ],
)
def test_a_gradient_that_is_no_number(
    line: str, x: list[float], silent: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(self: Trial, *xs: Any) -> Any:
        return tuple(np.full(np.shape(x), np.nan) for x in xs)

    program = Program({"x0": np.array(x)}, ("v0 = x0 - x0 + x0", line), ("x0",), ("add", "call"))
    monkeypatch.setattr(Trial, "gradients", spoiled)
    found, said = faults(program, 0, "first")
    assert bool(found) == (silent is None)
    assert silent is None or silent in said[0] or "kink" in said[0]


def test_lanes_of_derivatives_that_differ_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program({"x0": np.array([0.3, 1.2])}, ("v0 = np.sin(x0)[:1]",), ("x0",), ("sin",))
    assert faults(program, 0, "slopes") == ([], [])
    monkeypatch.setattr(
        campaign_checks, "vmap", lambda f: lambda *xs: vmap(lambda *x: f(x[0], x[0]))(*xs)
    )
    assert faults(program, 0, "slopes")[0]


def test_a_program_out_of_time_is_counted() -> None:
    tally, reports = campaign.run(range(3), limit=1e-4, progress=False)
    assert tally.late == [0, 1, 2]
    assert not reports

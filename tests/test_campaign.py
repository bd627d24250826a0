"""Random programs: a small run, and that every recorded function can be in one."""

from __future__ import annotations

import re

import numpy as np
import pytest

from playground.functions.registry import RECORDED, full_name
from tests import campaign
from tests.campaign_calls import CALLS, LAST_BITS, NOT_CALLED
from tests.campaign_checks import Fault, faults
from tests.campaign_programs import Program, make, shrunk


def name_of(function: object) -> str:
    if isinstance(function, tuple):
        return f"{function[0].__name__}.{function[1]}"
    return full_name(function).removeprefix("numpy.")


# Kinds of faults that are known and still to be mended, with the calls that show them ("": any).
OPEN = {
    "first": "amin minimum.reduce max linalg.cond",
    "second": "linalg.cond",
    "forward TypeError": "",
    "forward AttributeError": "",
}


def test_a_small_run() -> None:
    tally, reports = campaign.run(range(60), limit=5.0, progress=False)
    found = {(kind, call) for kind, call in tally.found if call not in OPEN.get(kind, "-").split()}
    found = {(kind, call) for kind, call in found if OPEN.get(kind) != ""}
    assert not found, "\n\n".join(reports)
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


def test_a_program_out_of_time_is_counted() -> None:
    tally, reports = campaign.run(range(3), limit=1e-4, progress=False)
    assert tally.late == [0, 1, 2]
    assert not reports

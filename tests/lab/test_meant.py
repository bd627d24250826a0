"""A word that is nearly one, or what others call it: the error says which was meant."""

from __future__ import annotations

from importlib import import_module

import pytest

import playground
import playground.__main__ as listing
from playground.graph.errors import nearest
from playground.lab import meant
from playground.lab.descent import MaxSteps
from tests.commands import running

run = running(listing.main)

SLIPS = {
    "inverse --size 3 --rule barzilai": "'barzilai-borwein'",
    "inverse --size 3 --rule barzilay": "'barzilai-borwein'",
    "inverse --size 3 --rule BB": "'barzilai-borwein'",
    "inverse --size 3 --rule lbfgs": "'l-bfgs'",
    "inverse --size 3 --rule Constant": "'constant'",
    "inverse --size 3 --rule grow_shrink": "'grow-shrink'",
    "inverse --size 3 --rule take-back": "'grow-shrink-take-back'",
    "inverse --size 3 --loss l2x": "'squared'",
    "inverse --size 3 --loss abs": "'absolute'",
    "inverse --size 3 --loss l1": "'absolute'",
    "inverse --size 3 --device cude": "'cuda'",
    "inverse --size 3 --device gpus": "'cuda'",
    "inverse --size 3 --device cpu0": "'cpu'",
    "inverse --size 3 --device aut": "'auto'",
    "inverse --size 3 --dtype single": "'float32'",
    "inverse --size 3 --dtype double": "'float64'",
    "inverse --size 3 --restart kicks": "'kick'",
    "inverse --size 3 --restart random": "'fresh'",
    "inverse --matrix m.csv --header true": "'yes'",
    "inverse --matrix m.csv --sep comm": "'comma'",
    "inverse --matrix m.csv --sep semicolons": "'semicolon'",
    "inverse --size 3 --max_steps 3": "--max-steps",
    "inverse --size 3 --max-iter=3": "--max-steps",
    "inverse --size 3 --seeed 3": "--seed",
    "inverse --size 3 --tolerance 3": "--tol",
    "inverse --size 3 --Rule constant": "--rule",
    "inverse size 3": "--size",
    "eigenvalue --loss square": "'squared'",
    "eigenvalue --rule Adam": "'adam'",
    "eigenvalue --target 1,1": "--targets",
    "logistic --loss vectorized": "'vectorised'",
    "logistic --positive versicolour": "'versicolor'",
    "logistic --standardize": "--standardise",
    "field --rule shrink": "'grow-shrink'",
    "quadratic --dtype float": "'float64'",
    "runs comapre a b": "'compare'",
    "runs delete": "'prune'",
    "runs --state kiled": "'killed'",
    "runs --sort los": "'loss'",
    "runs prune --keep-best 3 --yess": "--yes",
    "doctor --jsn": "--json",
    "run --chek a.py": "--check",
    "invers --size 3": "'inverse'",
    "eigen": "'eigenvalue'",
    "ls": "'runs'",
}


@pytest.mark.parametrize("line", SLIPS)
def test_a_slip_is_named(line, run, tmp_path) -> None:
    (tmp_path / "m.csv").write_text("2,1\n1,3\n")
    ran = run(*line.split())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert f"did you mean {SLIPS[line]}?" in ran.err
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize(
    "line",
    [
        "inverse --size 3 --rule newton",
        "inverse --size 3 --loss huber",
        "inverse --size 3 --device tpu",
        "inverse --size 3 --dtype int",
        "inverse --size 3 --zzz 3",
        "runs nowhere",
        "plot",
    ],
)
def test_nothing_is_guessed_from_far_away(line, run) -> None:
    ran = run(*line.split())
    assert ran.code == 2
    assert "did you mean" not in ran.err


def test_runs_that_are_asked_for_by_nearly_their_names(run, tmp_path) -> None:
    meta = {"problem": "bowl"}
    loss = lambda x: (x * x).sum()  # noqa: E731
    playground.fit(loss, [1.0], stop=MaxSteps(2), log=tmp_path / "logs/a", meta=meta)
    assert run("runs", "--problem", "bowls").err.endswith(": did you mean --problem bowl?\n")
    assert run("runs", "--rule", "bb").err.endswith(": did you mean --rule barzilai-borwein?\n")
    assert run("runs", "--state", "killed").err == "note: no runs in logs that are asked for\n"
    assert run("runs", "--problem", "bowl", "--state", "killed").err.endswith("asked for\n")
    assert "without a word lists" in run("runs", "list").err
    # A folder may have any name.
    (tmp_path / "logs").rename(tmp_path / "prunes")
    assert "prunes/a" in run("runs", "prunes").out


@pytest.mark.parametrize(
    ("word", "found"),
    [("bb", "barzilai-borwein"), ("lbfgs", "l-bfgs"), ("barzilai", "barzilai-borwein")],
)
def test_fit_knows_the_same_names(word, found) -> None:
    with pytest.raises(playground.FitError, match=f"did you mean '{found}'"):
        playground.fit(lambda x: x, [1.0], rule=word)


def test_what_others_call_it_exists_here() -> None:
    names = set()
    for command in listing.COMMANDS:
        module = import_module(f"playground.{command}")
        study = (
            next(
                (
                    v
                    for v in vars(import_module(f"{module.__name__}.command")).values()
                    if _is_study(v)
                ),
                None,
            )
            if hasattr(module, "__path__")
            else None
        )
        if study is not None:
            for action in study.parser(command)._actions:
                names |= {*(action.choices or ()), *(f[2:] for f in action.option_strings)}
    runs = import_module("playground.runs")
    names |= {*runs.RUN_STATES, *runs.SORT}
    tables = meant.CALLED | meant.VALUES_OF_OTHERS | meant.FLAGS_OF_OTHERS
    assert set(tables.values()) <= names
    assert not [word for word in tables if nearest(word, [word]) != word]


def _is_study(value: object) -> bool:
    from playground.lab.cli.study import Study

    return isinstance(value, type) and issubclass(value, Study) and hasattr(value, "name")

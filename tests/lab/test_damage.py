"""Logs that are damaged, that lost a file on the way, or that somebody has made up."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from playground import FitError, LogError, fit, read_log
from playground.lab.descent import MaxSteps
from playground.lab.runlog import RunLog
from tests.damage_logs import campaign, quietly
from tests.paths import ROOT
from tests.resume_runs import STEPS


def bowl(Y):
    return np.square(Y - 3.0).sum()


def run(log: Path, steps: int = 300, **options: Any) -> Any:
    options = {"engine": "eager", **options}  # many chunks, in few rows
    return fit(bowl, np.zeros(2), restart="kick", log=log, stop=MaxSteps(steps), **options)


def change(log: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(log / "run.sqlite", isolation_level=None)) as open_log:
        open_log.execute("PRAGMA writable_schema=ON")
        for statement in statements:
            open_log.execute(statement)


def change_json(log: Path, key: str, edit: Any) -> None:
    with contextlib.closing(sqlite3.connect(log / "run.sqlite", isolation_level=None)) as open_log:
        (text,) = open_log.execute("SELECT value FROM info WHERE key = ?", (key,)).fetchone()
        value = json.loads(text)
        edit(value)
        open_log.execute("UPDATE info SET value = ? WHERE key = ?", (json.dumps(value), key))


def refusals(log: Path) -> list[str]:
    """What reading says, and resuming; '' where it works."""
    said = []
    for attempt in (lambda: read_log(log), lambda: run(log, resume=True)):
        try:
            attempt()
            said.append("")
        except (LogError, FitError) as error:
            said.append(str(error))
    assert not any("\n" in text for text in said)
    return said


def test_a_small_campaign(monkeypatch) -> None:
    for name in STEPS:
        monkeypatch.setitem(STEPS, name, STEPS[name])
    outcome, wrong = campaign(12, seed=20_010, draw=False)
    assert wrong == []
    assert outcome.total() == 12


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["DELETE FROM loss WHERE first = 0"], "rows from 0 on are missing"),
        (["UPDATE loss SET first = first - 1 WHERE first > 0"], "are there twice"),
        (["UPDATE loss SET rows = 1099511627776"], "not whole"),
        (["UPDATE loss SET value = 'text'"], "table loss holds values of another type"),
        (["UPDATE loss SET accepted = zeroblob(rows * 2)"], "not whole"),
        (["DELETE FROM points WHERE first = 0"], "points"),
        (["UPDATE points SET stride = 2"], "points"),
        (["UPDATE points SET params = x'00'"], "points from 0 on are not whole"),
        (["UPDATE marks SET grads = NULL"], "marks holds values of another type"),
        (["DELETE FROM marks"], "checkpoint"),
        (["DELETE FROM info WHERE key = 'meta'"], "about its run"),
        (["DELETE FROM info WHERE key = 'layout'"], "about its rows"),
        (["UPDATE info SET value = '[' WHERE key = 'state'"], "state is no JSON"),
        (["DROP TABLE restarts"], "tables are not those of a log"),
        (["CREATE TRIGGER t AFTER INSERT ON loss BEGIN DELETE FROM loss; END"], "tables are not"),
        (["DROP TABLE marks", "CREATE VIEW marks AS SELECT zeroblob(900000000) AS params, 1 AS "
          "step, x'' AS grads"], "tables are not"),
        (["ALTER TABLE loss ADD COLUMN x GENERATED ALWAYS AS (zeroblob(900000000))"], "tables"),
        (["PRAGMA user_version=0"], "tables"),
    ],
)  # fmt: skip
def test_what_the_tables_cannot_hold(statements, words, tmp_path) -> None:
    run(tmp_path)
    change(tmp_path, *statements)
    for said in refusals(tmp_path):
        assert words in said
        assert "Bring back a copy, or start the run anew" in said


@pytest.mark.parametrize(
    "edit",
    [
        lambda layout: layout.update(shapes=[[10**12]]),
        lambda layout: layout.update(shapes=[[2, 10**30]]),
        lambda layout: layout.update(shapes=[[-2]]),
        lambda layout: layout.update(shapes="ab"),
        lambda layout: layout.update(dtypes=["O"]),
        lambda layout: layout.update(dtypes=["<f4"]),
        lambda layout: layout.update(dtypes=[None]),
        lambda layout: layout.update(names=["\ud800"]),
        lambda layout: layout.update(names=["Y", "Y"]),
        lambda layout: layout.update(names="Y"),
        lambda layout: layout.update(watch=["w"]),
        lambda layout: layout.update(cap=1e9),
        lambda layout: layout.pop("cap"),
        lambda layout: layout.update(more=1),
    ],
)
def test_what_a_layout_cannot_be(edit, tmp_path) -> None:
    run(tmp_path)
    change_json(tmp_path, "layout", edit)
    assert all("is damaged" in said for said in refusals(tmp_path))


@pytest.mark.parametrize(
    "edit",
    [
        lambda state: state["rng"].update(bit_generator="canary"),
        lambda state: state["rng"].update(bit_generator="default_rng"),
        lambda state: state["rng"].update(bit_generator=["PCG64"]),
        lambda state: state["rng"].update(bit_generator="MT19937"),
        lambda state: state["rng"].update(kind="Canary"),
        lambda state: state["rng"]["state"].update(state=2**200),
        lambda state: state["rng"]["state"].update(state="1"),
        lambda state: state["rng"].update(has_uint32=5),
        lambda state: state.update(rng=None),
        lambda state: state.update(restarts="3"),
        lambda state: state.update(restarts=-1),
        lambda state: state.update(accepted=None),
        lambda state: state.update(seconds="long"),
        lambda state: state["rule_state"].update(size=None),
        lambda state: state["rule_state"].pop("size"),
        lambda state: state.update(rule_state=[1.0]),
        lambda state: state.update(trouble=3),
    ],
)
def test_what_a_checkpoint_cannot_be(edit, tmp_path, monkeypatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(np.random, "canary", called.append, raising=False)
    run(tmp_path)
    change_json(tmp_path, "state", lambda head: edit(head["state"]))
    reading, resuming = refusals(tmp_path)
    assert reading == ""
    assert str(tmp_path) in resuming or "pass one with rng=" in resuming
    assert called == []
    assert read_log(tmp_path).rows == 301


@pytest.mark.parametrize("name", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_each_of_the_five_generators_is_gone_on_with(name, tmp_path) -> None:
    source = getattr(np.random, name)
    run(tmp_path, rng=np.random.Generator(source(3)))
    found, whole = (
        run(tmp_path, 700, resume=True),
        run(None, 700, rng=np.random.Generator(source(3))),
    )
    assert found.loss.equals(whole.loss)


@pytest.mark.parametrize(("name", "entry"), [("MT19937", "key"), ("Philox", "counter"), ("SFC64",
    "state")])  # fmt: skip
def test_arrays_of_a_generator_that_numpy_would_read_beyond(name, entry, tmp_path) -> None:
    run(tmp_path, rng=np.random.Generator(getattr(np.random, name)(3)))
    change_json(
        tmp_path, "state", lambda head: head["state"]["rng"]["state"][entry].update(shape=[1])
    )
    change(tmp_path, "UPDATE arrays SET data = zeroblob(8) WHERE name LIKE 'state.rng%'")
    assert "is damaged" in refusals(tmp_path)[1]
    if name == "MT19937":
        shutil.rmtree(tmp_path)
        run(tmp_path, rng=np.random.RandomState(3))
        far = {"pos": 10**6}
        change_json(tmp_path, "state", lambda head: head["state"]["rng"]["state"].update(far))
        assert "pos: got 1000000" in refusals(tmp_path)[1]


def test_a_log_without_rows_names_no_parameters_that_it_cannot_prove(tmp_path) -> None:
    RunLog.create(tmp_path, ["Y"], [(2,)], ["f8"]).close()
    change_json(tmp_path, "layout", lambda layout: layout.update(shapes=[[10**10]]))
    record = read_log(tmp_path)
    assert (len(record.loss), record.layout.size) == (0, 10**10)
    with pytest.raises(LogError, match="holds no rows yet, of 10,000,000,000 parameters"):
        _ = record.params


# ------------------------------------------------------------------------- what lies beside it


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A run of 1234 rows that was killed; its newest rows lie beside the file."""
    program = (
        "import os, numpy as np\n"
        "from playground.lab.runlog import RunLog\n"
        f"log = RunLog.create({str(tmp_path / 'run')!r}, ['Y'], [(2,)], ['f8'])\n"
        "for k in range(1234): log.row(float(k), 0.1, 0, True, np.ones(2), None)\n"
        "log.flush(); os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    return tmp_path / "run"


def copied(run: Path, *endings: str) -> Path:
    place = Path(tempfile.mkdtemp(dir=run.parent))
    for ending in ("", *endings):
        shutil.copy(run / f"run.sqlite{ending}", place)
    return place


def test_a_killed_run_without_its_newest_rows_says_so(killed) -> None:
    place = copied(killed)
    for _ in range(2):  # reading leaves an empty -wal behind
        with pytest.raises(LogError, match=r"run\.sqlite-wal, where its newest rows are, is not"):
            read_log(place)
    with pytest.raises(LogError, match="or choose another path"):
        RunLog.create(place, ["Y"], [(2,)], ["f8"])
    RunLog.resume(place).close()  # the other way that it names
    assert read_log(place).rows == 0


def test_a_command_resumes_a_killed_run_without_its_newest_rows(tmp_path, monkeypatch) -> None:
    assert quietly(["--size", "2", "--max-steps", "30", "--out", str(tmp_path / "whole")])[0] == 1
    monkeypatch.setattr(RunLog, "close", lambda *args, **options: None)  # as if it were killed
    log = RunLog.resume(tmp_path / "whole")
    for file in ("start.npy", "matrix.npy", "run.sqlite"):
        (tmp_path / "copy").mkdir(exist_ok=True)
        shutil.copy(tmp_path / "whole" / file, tmp_path / "copy")
    monkeypatch.undo()
    log.close()
    with pytest.raises(LogError, match="or resume the run, which computes them again"):
        read_log(tmp_path / "copy")
    code, said = quietly(["--resume", str(tmp_path / "copy"), "--max-steps", "40"])
    assert (code, "error" in said) == (1, False)
    assert read_log(tmp_path / "copy").rows == 41


def test_a_killed_run_is_read_with_any_neighbours_that_hold_rows(killed) -> None:
    for endings in (["-wal"], ["-wal", "-shm"], ["-wal", "-lease"]):
        assert read_log(copied(killed, *endings)).rows == 1234
    (killed / "run.sqlite-shm").write_bytes(b"x" * 100)
    assert read_log(killed).rows == 1234


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a process of another user")
def test_a_medium_that_may_only_be_read(killed) -> None:
    """Without -shm, which SQLite would have to make: read from a copy, and nothing is left."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        places = []
        for endings in (["-wal"], ["-wal", "-shm"], []):
            place = Path(folder, str(len(places)))
            shutil.copytree(copied(killed, *endings), place)
            os.chmod(place, 0o555)
            places.append(place)
        said, say = os.pipe()
        child = os.fork()
        if not child:
            if os.geteuid() == 0:
                os.setuid(65534)
            words = []
            for place in places:
                try:
                    words.append(str(read_log(place).rows))
                except LogError as error:
                    words.append(str(error))
            os.write(say, "\n".join(words).encode())
            os._exit(0)
        os.close(say)
        with open(said, "rb") as stream:
            first, second, third = stream.read().decode().split("\n")
        os.waitpid(child, 0)
        for place in places:
            os.chmod(place, 0o755)
        assert (first, second) == ("1234", "1234")
        assert "where its newest rows are, is not beside it" in third


def test_what_lies_beside_a_new_log_is_not_mixed_into_it(killed, tmp_path) -> None:
    (killed / "run.sqlite").unlink()
    with RunLog.create(killed, ["Y"], [(2,)], ["f8"]) as log:
        log.row(1.0, 0.1, 0, True, np.ones(2), None)
    assert read_log(killed).rows == 1
    assert os.listdir(killed) == ["run.sqlite"]


def test_a_file_that_nothing_was_put_into_makes_room_for_a_log(tmp_path) -> None:
    statements = ["PRAGMA journal_mode=WAL", "PRAGMA user_version=3", "VACUUM"]
    for number in range(4):
        file = tmp_path / f"{number}.sqlite"
        file.touch()
        with contextlib.closing(sqlite3.connect(file)) as connection:
            for statement in statements[:number]:
                connection.execute(statement)
        assert "an empty file. Start the run anew, without resume=True" in refusals(file)[0]
        with RunLog.create(file, ["Y"], [(2,)], ["f8"]):
            pass
        assert read_log(file).rows == 0


def test_something_else_makes_no_room(tmp_path) -> None:
    (tmp_path / "text.sqlite").write_text("step,loss\n0,1.0\n" * 999)
    with contextlib.closing(sqlite3.connect(tmp_path / "other.sqlite")) as connection:
        connection.execute("CREATE TABLE t(x)")
    for name in ("text", "other"):
        before = (tmp_path / f"{name}.sqlite").read_bytes()
        with pytest.raises(LogError, match=r"is not a run log.*; or choose another path"):
            RunLog.create(tmp_path / f"{name}.sqlite", ["Y"], [(2,)], ["f8"])
        assert (tmp_path / f"{name}.sqlite").read_bytes() == before

"""The run log: what is written is read, whole or not at all, within its caps."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from playground import LogError, read_log
from playground.lab.runlog import RunLog
from tests.paths import ROOT

Y = {"names": ["Y"], "shapes": [(2, 2)], "dtypes": ["float64"]}


def fill(log, rows, *, restart_every=0, flush_every=0, seed=0):
    """Rows with random values; the loss falls, then rises: the best row is inside."""
    rng = np.random.default_rng(seed)
    restart = 0
    for k in range(rows):
        point, grad = rng.normal(size=(2, 2, 2))
        value = rng.random() + abs(k - 0.6 * rows)
        restart += bool(restart_every and k and k % restart_every == 0)
        log.row(value, 0.5 / (k + 1), restart, k % 7 != 3, point, grad)
        if flush_every and k % flush_every == 0:
            log.flush()


def rows_of(rows, seed=0):
    """Points and gradients that ``fill`` writes."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(rows):
        pairs.append(rng.normal(size=(2, 2, 2)))
        rng.random()
    return np.array(pairs).reshape(rows, 2, 4)


# --------------------------------------------------------------------------------- round trip


@pytest.mark.parametrize("where", ["run", "sub/run", "file.sqlite", None])
def test_every_row_is_read_as_it_was_written(where, tmp_path):
    log = RunLog.create(where and tmp_path / where, **Y, meta={"size": 2})
    fill(log, 1000, restart_every=300)
    record = log.record()
    log.close()
    if where:
        record = read_log(tmp_path / where)
    expected = rows_of(1000)
    assert record.rows == 1000
    assert np.array_equal(record.params.to_numpy(), expected[:, 0])
    assert np.array_equal(record.grads.to_numpy(), expected[:, 1])
    assert list(record.params.columns) == ["Y[0,0]", "Y[0,1]", "Y[1,0]", "Y[1,1]"]
    assert list(record.loss.columns) == ["loss", "step_size", "restart", "accepted"]
    assert record.loss["step_size"].to_list() == [0.5 / (k + 1) for k in range(1000)]
    assert record.loss["restart"].to_list() == [k // 300 for k in range(1000)]
    assert record.loss["accepted"].to_list() == [k % 7 != 3 for k in range(1000)]
    for frame in (record.loss, record.params, record.grads):
        assert frame.index.name == "step"
        assert frame.index.to_list() == list(range(1000))
    assert record.meta == {"size": 2}


def test_values_that_are_no_numbers_survive():
    log = RunLog.create(None, **Y)
    for value in (np.nan, np.inf, -np.inf, 1e-320, -0.0):
        log.row(value, value, 0, True, np.full(4, value), None)
    record = log.record()
    written = np.array([np.nan, np.inf, -np.inf, 1e-320, -0.0])
    for column in (record.loss["loss"], record.loss["step_size"], record.params["Y[1,0]"]):
        assert column.to_numpy().tobytes() == written.tobytes()
    assert record.grads.isna().all(axis=None)
    assert record.best_step == 4


def test_several_parameters_and_dtypes():
    a, b, c = np.arange(3, dtype="f4"), np.array(7.0), np.arange(4.0).reshape(2, 1, 2)
    names, shapes, dtypes = ["a", "b", "c"], [(3,), (), (2, 1, 2)], ["f4", "f8", "f8"]
    log = RunLog.create(None, names, shapes, dtypes)
    log.row(1.0, 0.1, 0, True, (a, b, c), None)
    log.row(0.5, 0.1, 0, True, [a + 1, b + 1, c + 1], [-a, -b, -c])
    record = log.record()
    columns = ["a[0]", "a[1]", "a[2]", "b", "c[0,0,0]", "c[0,0,1]", "c[1,0,0]", "c[1,0,1]"]
    assert list(record.params.columns) == columns
    assert record.params.loc[1].to_list() == [1, 2, 3, 8, 1, 2, 3, 4]
    assert record.grads.loc[1].to_list() == [0, -1, -2, -7, 0, -1, -2, -3]
    assert record.grads.loc[0].isna().all()


def test_float32_stays_float32():
    log = RunLog.create(None, ["Y"], [(2,)], ["float32"])
    log.row(1.0, 0.1, 0, True, np.float32([0.1, 0.2]), None)
    assert set(log.record().params.dtypes) == {np.dtype("float32")}


def test_rows_do_not_share_memory_with_what_was_passed():
    log = RunLog.create(None, **Y)
    point = np.zeros((2, 2))
    for k in range(3):
        log.row(-float(k), 0.1, 0, True, point, point)
        point += 1
    record = log.record()
    assert record.params["Y[0,0]"].to_list() == record.grads["Y[0,0]"].to_list() == [0, 1, 2]


def test_watched_values(tmp_path):
    with RunLog.create(tmp_path, **Y, watch=["det", "norm"]) as log:
        for k in range(600):
            log.row(1.0, 0.1, 0, True, np.zeros(4), None, (k, k / 2))
    watched = read_log(tmp_path).watched
    assert list(watched.columns) == ["det", "norm"]
    assert watched["norm"].to_list() == [k / 2 for k in range(600)]


@pytest.mark.filterwarnings("ignore:Data has no positive values")
def test_frames_can_be_written_to_and_plotted():
    import matplotlib as mpl

    mpl.use("Agg")
    log = RunLog.create(None, **Y)
    fill(log, 20)
    record = log.record()
    record.params.iloc[0, 0] = 5.0
    assert record.params.iloc[0, 0] == 5.0
    axes = record.loss.plot(subplots=True, logy=True)
    assert [ax.get_yscale() for ax in axes] == ["log"] * 3


def test_arrays_need_no_pandas_and_writing_neither(tmp_path):
    program = (
        "import sys, numpy as np\n"
        "from playground import read_log\n"
        "from playground.lab.runlog import RunLog\n"
        f"with RunLog.create({str(tmp_path)!r}, ['a'], [(2,)], ['f8']) as log:\n"
        "    log.row(1.0, 0.1, 0, True, np.ones(2), None)\n"
        f"steps, values = read_log({str(tmp_path)!r}).arrays('params')\n"
        "assert values.shape == (1, 2) and steps.tolist() == [0]\n"
        "assert not {'pandas', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_an_empty_log_has_empty_frames(tmp_path):
    RunLog.create(tmp_path, **Y, watch=["w"]).close()
    record = read_log(tmp_path)
    shapes = [f.shape for f in (record.loss, record.params, record.grads, record.watched)]
    assert shapes == [(0, 4), (0, 4), (0, 4), (0, 1)]
    assert record.best_step is None
    assert record.checkpoint == record.summary == {}


def test_exports(tmp_path):
    pandas = pytest.importorskip("pandas")
    log = RunLog.create(None, **Y)
    fill(log, 50)
    record = log.record()
    names = [path.name for path in record.to_csv(tmp_path / "csv")]
    assert names == ["loss.csv", "params.csv", "grads.csv"]
    found = pandas.read_csv(tmp_path / "csv" / "params.csv", index_col="step")
    assert np.array_equal(found.to_numpy(), record.params.to_numpy())
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        with pytest.raises(LogError, match="pip install pyarrow"):
            record.to_parquet(tmp_path / "parquet")
    else:
        record.to_parquet(tmp_path / "parquet")
        assert pandas.read_parquet(tmp_path / "parquet" / "loss.parquet").equals(record.loss)


# -------------------------------------------------------------------------------------- caps


def kept_steps(rows, limit, restarts):
    """The rule of the caps, as its documentation says it."""
    stride = 1
    while len(range(0, rows, stride)) > limit:
        stride *= 2
    every = 1
    while len(restarts[::every]) > limit:
        every *= 2
    best = round(0.6 * rows)
    return set(range(0, rows, stride)) | set(restarts[::every]) | {rows - 1}, best


@pytest.mark.parametrize("rows", [1, 40, 41, 200, 1000, 3000])
@pytest.mark.parametrize("flush_every", [0, 11])
@pytest.mark.parametrize("place", ["disk", "memory"])
def test_rows_beyond_the_cap_are_thinned_by_counts_alone(rows, flush_every, place, tmp_path):
    log = RunLog.create(tmp_path if place == "disk" else None, **Y, cap=160)
    fill(log, rows, restart_every=9, flush_every=flush_every)
    log.flush()
    record = log.record()
    log.close()
    steps, values = record.arrays("params")
    expected, _ = kept_steps(rows, 40, list(range(9, rows, 9)))
    best = int(np.argmin(record.loss["loss"]))
    assert set(steps) == expected | {best}
    assert record.best_step == best
    assert list(steps) == sorted(set(steps))
    assert np.array_equal(values, rows_of(rows)[steps, 0])
    assert np.array_equal(record.grads.to_numpy(), rows_of(rows)[steps, 1])
    assert record.params.index.to_list() == record.grads.index.to_list() == list(steps)
    assert len(record.loss) == rows
    assert rows <= 40 or len(steps) <= 40 + 40 + 2


def test_the_file_keeps_to_the_cap_while_it_is_written(tmp_path):
    log = RunLog.create(tmp_path, **Y, cap=160)
    most = 0
    for k in range(5000):
        log.row(float(k), 0.1, k // 3, True, np.full(4, float(k)), np.full(4, -float(k)))
        if k % 100 == 99:
            log.flush()
            with sqlite3.connect(tmp_path / "run.sqlite") as reader:
                counts = [
                    reader.execute(f"SELECT total(length(params)) FROM {table}").fetchone()[0]
                    for table in ("points", "restarts", "marks")
                ]
            reader.close()
            assert max(counts) <= 160 * 8
            most = max(most, *counts)
    log.close()
    assert most > 80 * 8


def test_a_point_larger_than_the_cap_is_logged_first_last_and_best(tmp_path):
    with RunLog.create(tmp_path, ["Y"], [(50,)], ["f8"], cap=10) as log:
        for k in range(300):
            log.row(abs(k - 100.0), 0.1, 0, True, np.full(50, float(k)), None)
    assert list(read_log(tmp_path).arrays("params")[0]) == [0, 100, 299]


def test_rows_are_thinned_by_the_reader_where_the_writer_had_no_time_to(tmp_path):
    log = RunLog.create(tmp_path, **Y, cap=160)
    for k, (point, grad) in enumerate(rows_of(100)):
        log.row(0.0, 0.1, k, True, point, grad)
        log.flush(settled=False)  # no checkpoint, and so no thinning of what is stored
    steps, values = read_log(tmp_path).arrays("params")
    assert set(steps) == set(range(0, 100, 4)) | set(range(1, 100, 4))
    assert np.array_equal(values, rows_of(100)[steps, 0])


def test_the_file_keeps_to_the_cap_where_checkpoints_are_rare(tmp_path, monkeypatch):
    monkeypatch.setattr("playground.lab.runlog.writer.CHECKPOINT_RATE", 1e-9)
    log = RunLog.create(tmp_path, **Y, cap=2400)
    fill(log, 5000)
    with sqlite3.connect(tmp_path / "run.sqlite") as reader:
        (stored,) = reader.execute("SELECT total(length(params)) FROM points").fetchone()
    reader.close()
    log.close()
    assert 1200 * 8 < stored <= 2400 * 8


def test_of_equal_values_the_first_is_the_best():
    log = RunLog.create(None, **Y)
    for value in (3.0, 1.0, 2.0, 1.0):
        log.row(value, 0.1, 0, True, np.zeros(4), None)
        log.flush()
    assert log.record().best_step == log.best.step == 1


def test_an_unchanged_array_is_stored_once(tmp_path, monkeypatch):
    log = RunLog.create(tmp_path, **Y)
    statements = []
    execute = log._store.execute
    monkeypatch.setattr(log._store, "execute", lambda *a: (statements.append(a[0]), execute(*a))[1])
    state = np.arange(1000)
    log.checkpoint = lambda: {"state": state}
    for change in (0, 0, 1, 0):
        state[0] += change
        fill(log, 1)
        log.flush()
    log.close()
    assert sum("INTO arrays" in statement for statement in statements) == 2


def test_a_large_row_is_thinned_like_a_small_one(tmp_path):
    size = 1000  # stored row by row, where small rows share a chunk
    with RunLog.create(tmp_path, ["Y"], [(size,)], ["f8"], cap=8 * size) as log:
        for k in range(100):
            log.row(-float(k), 0.1, 0, True, np.full(size, float(k)), np.full(size, -float(k)))
    steps, values = read_log(tmp_path).arrays("grads")
    assert list(steps) == [0, 16, 32, 48, 64, 80, 96, 99]
    assert np.array_equal(values[:, 7], -steps)


# ----------------------------------------------------------------- commits, checkpoints, resuming


def test_committed_rows_are_read_while_the_run_goes_on(tmp_path):
    with RunLog.create(tmp_path, **Y) as log:
        fill(log, 300)
        log.flush()
        first = read_log(tmp_path)
        fill(log, 300, seed=1)
        log.flush()
        second = read_log(tmp_path)
    assert first.rows == 300
    assert len(first.params) == len(first.grads) == 300
    assert second.loss.iloc[:300].equals(first.loss)
    assert second.rows == 600


def test_acknowledged_rows_survive_sigkill(tmp_path):
    program = (
        "import os, signal, sys, numpy as np\n"
        "from playground.lab.runlog import RunLog\n"
        f"log = RunLog.create({str(tmp_path)!r}, ['a'], [(2,)], ['f8'])\n"
        "for k in range(1234):\n"
        "    log.row(float(k), 0.1, 0, True, np.full(2, float(k)), None)\n"
        "    if k == 999: log.flush()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    status = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode
    assert status == -signal.SIGKILL
    record = read_log(tmp_path)
    assert 1000 <= record.rows <= 1234
    assert record.loss["loss"].to_list() == list(map(float, range(record.rows)))
    assert record.params["a[1]"].to_list()[:1000] == list(map(float, range(1000)))


STATE = {
    "word": "kick",
    "large": 2**200,
    "number": 0.1,
    "nothing": None,
    "odd": [1.5, float("inf"), {"deep": np.arange(6, dtype="u4").reshape(2, 3)}],
}


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    with RunLog.create(tmp_path, **Y) as log:
        log.checkpoint = lambda: STATE
        fill(log, 10)
    for state in (read_log(tmp_path).checkpoint, RunLog.resume(tmp_path).state):
        found = state["odd"][2].pop("deep")
        assert found.dtype == np.uint32
        assert np.array_equal(found, STATE["odd"][2]["deep"])
        assert state == {**STATE, "odd": [1.5, float("inf"), {}]}


def test_a_resumed_log_goes_on_after_its_checkpoint(tmp_path):
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    rng = np.random.default_rng(3)
    rows = [(rng.random(), 0.1, k // 50, True, rng.normal(size=4), None) for k in range(900)]
    with RunLog.create(whole, **Y, cap=400) as log:
        for row in rows:
            log.row(*row)
    log = RunLog.create(torn, **Y, cap=400)
    for row in rows[:500]:
        log.row(*row)
    log.flush()
    for _ in range(30):  # committed, but after the checkpoint: to be computed again
        log.row(-9.0, 9.0, 9, True, np.ones(4), None)
        log.flush(settled=False)
    log.close(settled=False)
    assert read_log(torn).rows == 530
    log = RunLog.resume(torn)
    assert log.rows == 500
    assert log.last.step == 499
    assert np.array_equal(log.layout.split(log.base.point)[0].ravel(), rows[499][4])
    assert log.best.value == min(row[0] for row in rows[:500])
    for row in rows[500:]:
        log.row(*row)
    log.close()
    found, expected = read_log(torn), read_log(whole)
    for name in ("loss", "params", "grads"):
        assert getattr(found, name).equals(getattr(expected, name)), name
    assert found.best_step == expected.best_step


def test_a_log_that_is_resumed_and_left_alone_stays_as_it_was(tmp_path):
    with RunLog.create(tmp_path, **Y) as log:
        fill(log, 5)
        log.finish({"reason": "done"})
    RunLog.resume(tmp_path).close()
    assert read_log(tmp_path).rows == 5
    assert read_log(tmp_path).summary == {"reason": "done"}


def test_a_finished_log_is_one_file(tmp_path):
    with RunLog.create(tmp_path, **Y) as log:
        fill(log, 5)
    assert os.listdir(tmp_path) == ["run.sqlite"]


def test_a_resumed_log_is_read_while_it_is_written(tmp_path):
    with RunLog.create(tmp_path, **Y) as log:
        fill(log, 5)
    with RunLog.resume(tmp_path) as log:
        with sqlite3.connect(tmp_path / "run.sqlite", isolation_level=None) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM loss").fetchone() == (1,)
            fill(log, 5, seed=1)
            log.flush()  # neither waits for the other
            assert reader.execute("SELECT count(*) FROM loss").fetchone() == (1,)
        reader.close()
    assert read_log(tmp_path).rows == 10


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_log_that_may_not_be_written_to(tmp_path):
    RunLog.create(tmp_path, **Y).close()
    (tmp_path / "run.sqlite").chmod(0o444)
    assert read_log(tmp_path).rows == 0
    with pytest.raises(LogError, match="may not be written to"):
        RunLog.resume(tmp_path)


def test_a_path_is_kept_where_the_process_moves_on(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    log = RunLog.create("run", **Y)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    fill(log, 5)
    log.close()
    assert read_log(log.path).rows == 5


def test_where_the_lease_is_lost_the_first_of_two_writers_stops(tmp_path):
    first = RunLog.create(tmp_path, **Y)
    fill(first, 5)
    first.flush()
    first._store._lease.release()
    second = RunLog.resume(tmp_path)
    fill(second, 3)
    second.flush()
    fill(first, 5)
    with pytest.raises(LogError, match="another process continues this run"):
        first.flush()
    second.close()
    assert read_log(tmp_path).rows == 8


def test_a_row_that_was_refused_leaves_the_committed_ones(tmp_path):
    log = RunLog.create(tmp_path, **Y)
    fill(log, 5)
    log.flush()
    log.row(1.0, 0.1, 0, True, np.ones(4, dtype="f4"), None)
    with pytest.raises(LogError, match="keep their shapes and dtypes"):
        log.flush()
    with pytest.raises(LogError):
        log.close()
    assert read_log(tmp_path).rows == 5


# ------------------------------------------------------------------------------------ bad input


def test_a_run_is_never_overwritten(tmp_path):
    RunLog.create(tmp_path, **Y).close()
    with pytest.raises(LogError, match="holds a run already"):
        RunLog.create(tmp_path, **Y)


def test_a_place_that_cannot_hold_a_log(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogError, match="cannot hold a log"):
        RunLog.create(tmp_path / "file" / "run", **Y)


@pytest.mark.parametrize("opened", [read_log, RunLog.resume])
def test_what_is_no_log_gets_one_sentence(opened, tmp_path):
    def message(path):
        with pytest.raises(LogError) as caught:
            opened(path)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "there is no log at" in message(tmp_path / "missing")
    text = tmp_path / "text.sqlite"
    text.write_text("step,loss\n0,1.0\n")
    assert "is not a run log" in message(text)
    text.write_bytes(b"")
    assert "an empty file" in message(text)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE t(x)")
    connection.close()
    assert "another kind" in message(other)


def test_a_log_of_a_newer_version(tmp_path):
    RunLog.create(tmp_path, **Y).close()
    with sqlite3.connect(tmp_path / "run.sqlite") as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(LogError, match="newer playground"):
        read_log(tmp_path)


def test_a_damaged_log(tmp_path):
    with RunLog.create(tmp_path, **Y) as log:
        fill(log, 2000)
    file = tmp_path / "run.sqlite"
    data = bytearray(file.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    file.write_bytes(data)
    with pytest.raises(LogError, match="damaged"):
        read_log(tmp_path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"dtypes": ["int64"]}, "float"),
        ({"dtypes": ["complex128"]}, "float"),
        ({"names": []}, "at least one name"),
        ({"names": ["Y", "Y"], "shapes": [(1,), (1,)], "dtypes": ["f8", "f8"]}, "differ"),
        ({"watch": ["a", "a"]}, "differ"),
    ],
)
def test_what_cannot_be_logged(change, word):
    with pytest.raises(LogError, match=word):
        RunLog.create(None, **{**Y, **change})


def test_a_point_of_another_shape_or_dtype():
    log = RunLog.create(None, **Y)
    with pytest.raises(LogError, match=r"expected Y \(2, 2\) float64"):
        log.row(1.0, 0.1, 0, True, np.zeros(3), None)
    with pytest.raises(LogError, match="float32"):
        log.row(1.0, 0.1, 0, True, np.zeros((2, 2), dtype="f4"), None)


def test_a_missing_watched_value():
    log = RunLog.create(None, **Y, watch=["w"])
    log.row(1.0, 0.1, 0, True, np.zeros(4), None)
    with pytest.raises(LogError, match="1 watched value"):
        log.flush()


def test_an_unknown_kind_of_array():
    with pytest.raises(ValueError, match="'params' or 'grads'"):
        RunLog.create(None, **Y).record().arrays("loss")


def test_a_log_of_parameters_without_elements(tmp_path):
    """A damaged layout may say so; a division by the bytes of a row would not end in words."""
    with RunLog.create(tmp_path / "a", ["x"], [(0,)], ["f8"]) as log:
        log.row(1.0, 0.5, 0, True, np.ones(0), np.ones(0))
    assert read_log(tmp_path / "a").loss.loss.tolist() == [1.0]

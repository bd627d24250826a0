"""The lease of a log: one writer, known to all others, gone when its process is."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from playground import LogError, read_log
from playground.lab.runlog import RunLog
from playground.lab.runlog.lease import Lease
from tests.paths import ROOT

Y = {"names": ["Y"], "shapes": [(2,)], "dtypes": ["float64"]}


def add(log: RunLog, count: int = 3) -> None:
    for k in range(count):
        log.row(float(k), 0.1, 0, True, np.zeros(2), None)
    log.flush()


def elsewhere(program: str) -> subprocess.Popen[str]:
    """A process of its own, which waits for a line on its input in the end."""
    head = "import sys, numpy as np\nfrom playground.lab.runlog import RunLog\n"
    command = [sys.executable, "-c", f"{head}{program}\nprint('ready', flush=True); input()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def refusal(path: Path) -> str:
    with pytest.raises(LogError) as caught:
        RunLog.resume(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("opened", ["create", "resume"])
def test_another_process_is_named_until_it_is_killed(opened, tmp_path):
    with RunLog.create(tmp_path / "run", **Y) as log:
        add(log)
    path = tmp_path / "run" if opened == "resume" else tmp_path / "new"
    layout = ", ['Y'], [(2,)], ['f8']" if opened == "create" else ""
    with elsewhere(f"log = RunLog.{opened}({str(path)!r}{layout})") as owner:
        assert f"is being written by process {owner.pid}: wait until it ends" in refusal(path)
        assert read_log(path).rows in (0, 3)  # reading asks nobody
        owner.kill()
    with RunLog.resume(path) as log:
        add(log)
    assert os.listdir(path) == ["run.sqlite"]


def test_a_second_opening_in_one_process_is_refused(tmp_path):
    with RunLog.create(tmp_path, **Y) as log:
        add(log)
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(refusal(tmp_path)))
        thread.start()
        thread.join()
        assert f"by this process ({os.getpid()})" in found[0]
        add(log)  # the refusal took nothing from the owner
        assert Lease.is_taken(tmp_path / "run.sqlite")
    RunLog.resume(tmp_path).close()
    assert read_log(tmp_path).rows == 6


def test_links_lead_to_one_lease(tmp_path):
    log = RunLog.create(tmp_path / "run", **Y)
    (tmp_path / "folder").symlink_to(tmp_path / "run")
    (tmp_path / "file.sqlite").symlink_to(tmp_path / "run" / "run.sqlite")
    for path in (tmp_path / "folder", tmp_path / "file.sqlite"):
        assert "by this process" in refusal(path)
    log.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked there")
def test_a_forked_child_has_no_share_in_it(tmp_path):
    """It may not write, and its end takes the lease from nobody; nor does it keep it alive."""
    log = RunLog.create(tmp_path, **Y)
    add(log)
    said, say = os.pipe()
    child = os.fork()
    if not child:
        words = []
        for attempt in (lambda: add(log), lambda: RunLog.resume(tmp_path)):
            try:
                attempt()
                words.append("done")
            except LogError as error:
                words.append(str(error))
        log._pending.clear()
        log.close()
        os.write(say, "\n".join(words).encode())
        os._exit(0)
    os.close(say)
    with open(said, "rb") as stream:
        forked, refused = stream.read().decode().split("\n")
    os.waitpid(child, 0)
    assert "process that this was forked from" in forked
    assert f"by process {os.getpid()}:" in refused
    add(log)
    log.close()
    assert read_log(tmp_path).rows == 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked there")
def test_a_child_that_outlives_the_owner_does_not_keep_the_lease(tmp_path):
    program = (
        f"log = RunLog.create({str(tmp_path)!r}, ['Y'], [(2,)], ['f8'])\n"
        "import os, time\n"
        "if not os.fork(): os.close(1); os.close(0); time.sleep(60); os._exit(0)"
    )
    with elsewhere(program) as owner:
        owner.kill()
    RunLog.resume(tmp_path).close()


def test_a_name_left_behind_is_nobody(tmp_path):
    RunLog.create(tmp_path, **Y).close()
    for text in ("", "1", f"{os.getpid()} {os.uname().nodename}", "12 elsewhere", "\udcff x" * 9):
        place = tmp_path / "run.sqlite-lease"
        place.write_bytes(text.encode(errors="surrogateescape"))
        RunLog.resume(tmp_path).close()
        assert not place.exists()


def test_a_place_that_cannot_be_locked(tmp_path):
    RunLog.create(tmp_path, **Y).close()
    (tmp_path / "run.sqlite-lease").mkdir()
    assert "run.sqlite-lease beside it cannot be locked" in refusal(tmp_path)
    assert read_log(tmp_path).rows == 0


def test_a_log_that_nobody_closed_is_whole(tmp_path):
    """Its process has gone on, or has ended: what was committed is there, and no lease."""
    log = RunLog.create(tmp_path / "here", **Y)
    add(log)
    del log
    assert read_log(tmp_path / "here").rows == 3
    program = f"log = RunLog.create({str(tmp_path / 'there')!r}, ['Y'], [(2,)], ['f8'])\n"
    row = "log.row(1.0, 0.1, 0, True, np.zeros(2), None); log.flush()"
    with elsewhere(program + row) as owner:
        owner.communicate("\n")
    assert owner.returncode == 0
    for place, rows in (("here", 3), ("there", 1)):
        assert read_log(tmp_path / place).rows == rows
        with RunLog.resume(tmp_path / place) as log:
            add(log)
        assert read_log(tmp_path / place).rows == rows + 3


def test_a_child_that_closes_after_its_owner_was_killed_takes_no_row_away(tmp_path):
    program = (
        f"log = RunLog.create({str(tmp_path)!r}, ['Y'], [(2,)], ['f8'])\n"
        "log.row(1.0, 0.1, 0, True, np.zeros(2), None); log.flush()\n"
        "import os, time\n"
        "if not os.fork():\n"
        "    os.close(1)\n"
        "    while os.getppid() == parent: time.sleep(0.01)\n"
        "    log.close(); open(path, 'w').close(); os._exit(0)"
    )
    done = tmp_path / "done"
    with elsewhere(f"import os; parent, path = os.getpid(), {str(done)!r}\n{program}") as owner:
        owner.kill()
    for _ in range(500):
        if done.exists():
            break
        time.sleep(0.01)
    assert done.exists()
    assert read_log(tmp_path).rows == 1

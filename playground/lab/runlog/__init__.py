"""The run store: rows on disk while a run goes on, DataFrames when it is read.

``RunLog`` writes, ``read_log`` reads; both meet in one SQLite file (:mod:`.store`).
"""

from playground.lab.runlog.listing import read_runs
from playground.lab.runlog.record import RunRecord, frame_of, read_log, read_meta
from playground.lab.runlog.writer import RunLog

__all__ = ["RunLog", "RunRecord", "frame_of", "read_log", "read_meta", "read_runs"]

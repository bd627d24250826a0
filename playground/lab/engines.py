"""Engines: what carries out the rows of a descent, eagerly or as a program.

Every run begins eagerly. A run that goes on long enough is recorded, row by row, until two rows in
a row gave one program; then that is compared with eager rows, bit for bit, and from there on it
makes the rows, hundreds or thousands at a time. A row that goes another way than the recorded one
(a refused point, a number that is not finite, a restart) is done eagerly again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.graph.errors import FitError
from playground.lab.descent import MaxSteps, counted

if TYPE_CHECKING:
    from playground.interpreters.recording.program import Program
    from playground.lab.loop import Loop
    from playground.lab.rounds import Recording, Rounds, Row

__all__ = ["ENGINES", "Engine"]

ENGINES = ("auto", "eager", "python", "tape")
# Rows after which a run is worth a recording, which takes as long as a few hundred of them.
WORTH_RECORDING = 200
# So many of them must have been moved to, one after the other.
IN_A_ROW = 12
# Rows done both ways before a program is trusted.
WITNESSES = 3
# Bytes of a point from which on Python is not what a step takes, and a program's arrays (two of
# each that it carries on, and columns for the log) would only cost memory.
LARGE = 2 << 20
# Rows that are recorded at most until two of them gave the same program.
ATTEMPTS = 6
# To go into a program and out again takes as long as one or two eager rows: one that is left after
# fewer, on a moving average, is left for good.
WORTH_ENTERING = 2.0
SHARE_OF_NEWEST = 0.05
# Ctrl-C, progress and a limit of time wait for the end of a run of the program.
SECONDS = 0.05
ROUNDS_AT_ONCE = 4096
BYTES_AT_ONCE = 8 << 20


class Engine:
    """What carries the rows of one loop out.

    Attributes:
        name: "eager", "python" or "tape": what made most of the rows so far, or is to.
        reason: why the rows are made eagerly, or "".
        rows: how many rows the program made.
    """

    def __init__(self, wanted: str = "auto") -> None:
        if wanted not in ENGINES:
            known = ", ".join(map(repr, ENGINES))
            raise FitError(f"fit: engine: expected one of {known}, got {wanted!r}")
        self.name, self.rows, self.reason = "eager", 0, ""
        self._wanted, self._attempts = wanted, 0
        self._taken = 0
        # How many rows the program makes before it is left, on the average.
        self._stay = 10.0
        self._rounds: Rounds | None = None
        # Asked by the loop before every row: one attribute, in a run that stays eager.
        self.idle = wanted == "eager"

    # ------------------------------------------------------------------------------ by the loop

    def advance(self, loop: Loop) -> bool:
        """Whether the next rows have been carried out here; else the loop does one eagerly."""
        if self._rounds is None and self._wanted == "auto":
            # A program repeats steps that are taken: at the bottom of a loss most are refused.
            self._taken = self._taken + 1 if loop.standing.accepted else 0
            if loop.standing.step < WORTH_RECORDING or self._taken < IN_A_ROW:
                return False
        return self._record(loop) if self._rounds is None else self._run(loop)

    def describe(self, rows: int) -> str:
        """What ran and why, in a phrase; of ``rows`` rows after the start."""
        if not self.rows:
            return f"eager ({self.reason})" if self.reason else "eager"
        eager = f", {rows - self.rows:,} of them eager" if rows > self.rows else ""
        why = f" ({self.reason})" if self.reason else ""
        return f"{self.name}; {counted(rows, 'step')}{eager}{why}"

    def _give_up(self, reason: str) -> None:
        self.reason, self.idle, self._rounds = reason, True, None

    # ------------------------------------------------------------------------------- recording

    def _record(self, loop: Loop) -> bool:
        """Two rows, recorded. If they are one program it is laid out and compared with eager."""
        from playground.lab import rounds

        reason = rounds.repeatable(loop) if not self._attempts else ""
        if self._wanted == "auto" and loop.log.layout.row_bytes > LARGE:
            reason = "of points this large NumPy's calls are all there is to a step"
        if reason or self._attempts == ATTEMPTS:
            self._give_up(reason or self.reason)
            return False
        self._attempts += 1
        loop.settled = False
        begun = rounds.carried(loop)
        first = self._recorded_row(loop)
        if first is None or first.program is None or loop.is_met():
            return True
        second = self._recorded_row(loop, first)
        if second is None or second.program is None:
            return True
        found = rounds.same_round(first.program, second.program)
        self.reason = f"not recorded: two steps differ ({found})" if found else ""
        rows = [made.row for made in (first, second) if made.row is not None]
        if not found:
            rows = self._trusted(loop, begun, second.program, rows)
        loop.retake(rows)
        return True

    def _recorded_row(self, loop: Loop, before: Recording | None = None) -> Recording | None:
        """The next row, to which the loop goes; logged, unless there is hope for a program.

        ``before`` is a row that has not been logged yet.
        """
        from playground.lab.rounds import record

        made = record(loop)
        if made.row is not None and made.program is not None:
            loop.stand(made.row, 1)
            if before is None and loop.is_met():
                loop.log_row(made.row)
            return made
        if before is not None and before.row is not None:
            loop.log_row(before.row)
        if made.row is None:
            loop.land(made.point, made.value, False)
            self.reason = "not recorded: every second point is refused"
            return None
        loop.take_row(made.row)
        self._give_up(f"not recorded: {made.failed}")
        return made

    def _trusted(
        self, loop: Loop, begun: list[Any], program: Program, rows: list[Row]
    ) -> list[Row]:
        """The rows as they are eagerly. The program is used from here on if it made the same."""
        from playground.interpreters.recording.runners import runner
        from playground.lab import rounds

        self.name, core = runner(self._wanted)
        size = 2 * loop.log.layout.row_bytes + 32
        laid = rounds.Rounds(
            program, rows[0], max(3, min(ROUNDS_AT_ONCE, BYTES_AT_ONCE // size)), core
        )
        expected = rounds.eager_rows(loop, begun, rows[0], WITNESSES)
        for number, row in enumerate(expected, 1):
            laid.load(begun)
            ended = laid.run(number, 60.0)
            known = number > len(rows) or rounds.same_row(rows[number - 1], row)
            if ended.done != number or not rounds.same_row(laid.row(number), row) or not known:
                self._give_up(f"the recorded step gave other bits than eager ({self.name})")
                return expected[:2] if len(expected) > 1 else rows
        self._rounds = laid
        return rows

    # -------------------------------------------------------------------------------- running

    def _run(self, loop: Loop) -> bool:
        """As many rounds as come before the loop has to look at the run again."""
        from playground.lab.rounds import carried

        laid = self._rounds
        if laid is None:
            return False
        laid.load(carried(loop))
        limits = [x.limit - loop.standing.step for x in loop.stops if isinstance(x, MaxSteps)]
        try:
            ended = laid.run(min(laid.capacity, *limits, laid.capacity), SECONDS)
        except Exception as error:
            # Of a call that is repeated in Python. The loop is where it was, and meets the error
            # at its own step, if it is the loss's own.
            self._give_up(f"a recorded call raised {type(error).__name__}")
            return False
        if ended.done:
            self.rows += ended.done
            loop.take_rounds(laid, ended.done)
        if ended.cause == "guard":
            self._stay += SHARE_OF_NEWEST * (ended.done - self._stay)
            if self._stay < WORTH_ENTERING:
                self._give_up("too many steps went another way than the recorded one")
        return bool(ended.done)

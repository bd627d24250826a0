"""Recording: a step written down once as a flat list of array calls, and run again from there.

A :class:`~playground.interpreters.recording.recorded.Recorded` array answers NumPy's calls with
their values, and notes each in its :class:`~playground.interpreters.recording.trace.Trace`. What
the outputs need of it is a :class:`~playground.interpreters.recording.program.Program`, whose
arrays are laid out once (``homes``), and which runs as Python that can be read (``source``) or as
the tape: NumPy's own inner loops, driven from C.
"""

# What answers NumPy's functions registers itself.
from playground.interpreters.recording import functions  # noqa: F401

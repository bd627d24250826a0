"""Runnable studies, one a file: `python -m experiments.NAME`, or `run(out, quick=False)`."""

"""The project's own benchmark: `python -m experiments.bench.steps --help`."""

"""Layers that bring what flows through them to mean 0 and variance 1."""

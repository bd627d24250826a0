"""Chainer's backends: :mod:`playground.backends.cuda`."""

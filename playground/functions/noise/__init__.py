"""Functions that draw: each from its ``rng=``, or what ``graph.random`` has for Chainer's names."""

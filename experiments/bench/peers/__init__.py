"""One peer a file.

A peer offers `step(n)`, which returns a callable that makes one step and returns the loss, and,
where it builds graphs, `chain(k, shape)`, which returns a callable that adds k times and
differentiates. The step reads the loss as a float and updates Y, as every descent must.
"""

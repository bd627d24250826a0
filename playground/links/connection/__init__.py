"""Links with weights: layers, their parameters made at once or at the first call."""

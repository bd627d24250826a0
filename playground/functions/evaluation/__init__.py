"""How good predictions are: numbers without a gradient."""

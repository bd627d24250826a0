"""NumPy's functions as compositions of operations, each with NumPy's own signature."""

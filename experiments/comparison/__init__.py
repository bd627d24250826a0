"""Ways to an inverse side by side: descents, L-BFGS-B, Newton-Schulz, and LU as the floor."""

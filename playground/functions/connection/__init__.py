"""Layers' functions: products with weights, convolutions, rows of a table."""

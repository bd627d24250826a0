"""Ordinary NumPy functions, and how their derivatives are held against differences."""

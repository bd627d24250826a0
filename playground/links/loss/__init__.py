"""Losses with parameters of their own."""

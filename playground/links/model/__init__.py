"""Links around whole models."""

"""What a Variable is and how gradients travel; no mathematics."""

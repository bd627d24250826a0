"""Windows put into one number, and one number put into windows."""

"""Who answers when code makes a NumPy call."""

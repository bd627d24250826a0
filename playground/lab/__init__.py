"""The lab: from a loss function to an answer, a log and a picture."""

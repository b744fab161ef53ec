"""Records beside every result, and the check that they still hold."""

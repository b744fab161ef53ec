"""Published numbers against reproduced ones: verdicts, the long table, the paper's layout."""

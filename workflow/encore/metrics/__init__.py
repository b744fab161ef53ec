"""The metrics of the papers' tables."""

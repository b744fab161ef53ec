"""The report: pages that say what was run, what came out, and whether to trust it."""

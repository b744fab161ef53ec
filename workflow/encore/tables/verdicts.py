"""The verdicts of a table's cells: their names, what they mean, and their signs."""

REPRODUCED, CONSISTENT, BELOW, ABOVE = "reproduced", "consistent", "below", "above"
INSUFFICIENT, NOT_COMPARABLE, CITED, MISSING = "insufficient", "not comparable", "cited", "missing"
STALE = "stale"
COMPARED = (REPRODUCED, CONSISTENT, BELOW, ABOVE)
VERDICTS = (*COMPARED, INSUFFICIENT, NOT_COMPARABLE, STALE, CITED, MISSING)

MEANING = {
    REPRODUCED: "the 95 % interval lies within the printed number ± (ε + r)",
    CONSISTENT: "the interval overlaps that range, more seeds would decide",
    BELOW: "the interval lies outside, on the worse side",
    ABOVE: "the interval lies outside, on the better side",
    INSUFFICIENT: "fewer than three seeds",
    NOT_COMPARABLE: "a declared deviation",
    STALE: "made by other code or settings than the present ones",
    CITED: "taken by the paper from elsewhere and not run",
    MISSING: "not run, or failed",
}

NOTHING = "\N{EN DASH}"  # where a number would stand
GLYPHS = {  # a cited number has none: it stands in italics
    REPRODUCED: "=",
    CONSISTENT: "≈",
    BELOW: "↓",
    ABOVE: "↑",
    INSUFFICIENT: "?",
    NOT_COMPARABLE: "≠",
    STALE: "†",
    MISSING: NOTHING,
}

"""Which experiment a figure's inputs are of, by their paths."""

from collections.abc import Mapping, Sequence
from pathlib import Path

# Where in a path its experiment stands: runs/<experiment>/<unit>/<seed>/<file>, measures/<experiment>.csv.
OF_RUN, OF_MEASURES = -4, -1


def by_label(inputs: Sequence[Path], experiments: Mapping[str, str], part: int) -> dict[str, Path]:
    """Label -> the one file of its experiment, whose name stands at `part` of the path, or a ValueError."""
    found = {}
    for path, (name, label) in zip(inputs, experiments.items(), strict=True):
        if path.with_suffix("").parts[part] != name:
            raise ValueError(f"{path} is not of {name}, which stands at its place in the figure.")
        found[label] = path
    return found

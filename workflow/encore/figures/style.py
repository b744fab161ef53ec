"""What all figures share: sizes, colours, markers, panels, legends, and how they are saved.

A Figure belongs to nobody else: pyplot and its state are never used.
"""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from encore.files import write_atomically

DPI = 150
WIDTH = 8.0  # inches
# The colours of Okabe and Ito, which all kinds of colour vision tell apart; their yellow is too faint.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#1B1B1B")
MARKERS = ("o", "s", "D", "^", "v", "P", "X")
FAINT = "#D3D6DA"
INK = "#1B1B1B"
STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E8EB",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.columnspacing": 1.6,
    "legend.handletextpad": 0.5,
    "text.parse_math": False,  # a name may hold two dollar signs
    "figure.titlesize": 12,
    "figure.constrained_layout.use": True,
}

# Of matplotlib's own settings, whatever a user's matplotlibrc says; the backend draws on no screen here.
DEFAULTS = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}

styled = matplotlib.rc_context(DEFAULTS | STYLE)


@styled  # ticks are made when a figure is drawn, in the style of that moment
def save_figure(figure: Figure, path: Path) -> None:
    """Write a PNG whole or not at all; equal figures give equal bytes, which hold no time and no version."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    write_atomically(path, stream.getvalue())


def looks_of(labels: Sequence[str], size: float) -> dict[str, dict[str, object]]:
    """A colour and a marker of so many points for each label, over again where there are more than seven."""
    return {
        label: {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)], "markersize": size}
        for i, label in enumerate(labels)
    }


def panels_of(number: int, columns: int, panel_height: float, **shared) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels in rows of `columns`; places left over stay empty."""
    rows = math.ceil(number / columns)
    figure = Figure(figsize=(WIDTH, panel_height * rows + 1.1))
    grid = figure.subplots(rows, columns, squeeze=False, **shared)
    panels = list(grid.flat)
    for empty in panels[number:]:
        empty.remove()
    return figure, panels[:number]


def label_x(panels: Sequence[Axes], columns: int, label: str) -> None:
    """Name x below the lowest panel of every column, also where that stands above an empty place."""
    for lowest in panels[-columns:]:
        lowest.tick_params(labelbottom=True)
        lowest.set_xlabel(label)


def legend_below(figure: Figure, handles: Sequence[Line2D | Patch]) -> None:
    """The legend below all panels, in as few rows as the figure is wide enough for."""
    for rows in range(1, len(handles) + 1):
        columns = math.ceil(len(handles) / rows)
        legend = figure.legend(handles=handles, loc="outside lower center", ncols=columns)
        if columns == 1 or legend.get_window_extent().width < figure.bbox.width:
            return
        legend.remove()

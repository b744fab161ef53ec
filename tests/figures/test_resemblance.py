import numpy as np
import pandas as pd

from encore.figures.resemblance import draw, resemblance_figure
from encore.tables.verdicts import NOTHING


def test_resemblance_has_a_row_an_anomalous_class_and_a_number_a_cell(heat_map, ticks, drawn):
    axes = drawn(resemblance_figure(heat_map, "t")).axes[0]
    written = {text.get_position(): text.get_text() for text in axes.texts}
    assert written == {
        (0, 0): "0.25", (1, 0): "0.75", (2, 0): "0.00", (0, 1): "0.10", (1, 1): "0.20", (2, 1): "0.70",
    }  # fmt: skip
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["1", "0"]
    assert ticks(axes) == ["0", "1", "2"]
    framed = {(round(patch.get_x() + 0.47), round(patch.get_y() + 0.47)) for patch in axes.patches}
    assert framed == {(1, 0), (0, 1)}  # (column, row) of the anomalous class itself


def test_resemblance_is_the_mean_over_seeds_and_a_diverged_one_is_no_number(tmp_path, drawn):
    paths = []
    runs = {("1", 0): [0.2, 0.8], ("1", 1): [0.4, 0.6], ("0", 0): [0.5, 0.5], ("0", 1): [np.nan, np.nan]}
    for (unit, seed), shares in runs.items():
        paths.append(tmp_path / unit / str(seed) / "resemblance.csv")
        paths[-1].parent.mkdir(parents=True)
        pd.DataFrame({"class": ["0", "1"], "share": shares}).to_csv(paths[-1], index=False)
    axes = drawn(draw(None, {"title": "t"}, paths)).axes[0]
    assert [text.get_text() for text in axes.texts] == ["0.30", "0.70", NOTHING, NOTHING]

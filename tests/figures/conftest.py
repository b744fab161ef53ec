"""Numbers that several kinds of figures are drawn from, and how tests read a figure."""

import numpy as np
import pandas as pd
import pytest

from encore.tables.files import COLUMNS


def _row(dataset, method, subset, published="", reproduced=np.nan, half=np.nan, verdict=""):
    values = {"paper": "p", "table": "t", "dataset": dataset, "method": method, "subset": subset,
              "metric": "AUROC", "published": published, "published_sd": "", "reproduced": reproduced,
              "sd": half, "n": 3, "ci_low": reproduced - half, "ci_high": reproduced + half,
              "margin": 0.01, "verdict": verdict, "reading": "paper", "note": ""}  # fmt: skip
    return [values[name] for name in COLUMNS]


@pytest.fixture
def row():
    return _row


@pytest.fixture
def frame():
    rows = []
    for dataset, subsets in (("MNIST", [*"0123456789", "avg"]), ("CIFAR-10", ["airplane", "car", "avg"])):
        for subset in subsets:
            rows.append(_row(dataset, "LSA", subset, "0.900", verdict="cited"))
            rows.append(_row(dataset, "OCGAN", subset, "0.950", verdict="cited"))
            rows.append(_row(dataset, "KDE", subset, "0.880", 0.89, 0.0, "reproduced"))
            rows.append(_row(dataset, "PIAD", subset, "0.985", 0.98, 0.004, "reproduced"))
    return pd.DataFrame(rows, columns=list(COLUMNS))


@pytest.fixture
def sweep():
    rows = [
        {
            "unit": unit,
            "seed": 0,
            "score": f"bandwidth_{h}_leaf_{leaf}",
            "metric": metric,
            "value": 0.8 + h / 100,
        }
        for unit in ("0", "8")
        for h in (0.1, 0.5, 1.0, 3)
        for leaf in ("40", "all", "10")
        for metric in ("AUROC", "AUPRC")
    ]
    own = [{"unit": "0", "seed": 0, "score": "score", "metric": "AUROC", "value": 0.1}]
    return pd.DataFrame(rows + own)


def _histories(runs, losses, steps=5):
    return {
        f"{unit}, seed 0": pd.DataFrame(
            {"iteration": np.arange(steps) * 1000, **{loss: np.linspace(unit, 1, steps) for loss in losses}}
        )
        for unit in range(runs)
    }


@pytest.fixture
def histories():
    return _histories


@pytest.fixture
def heat_map():
    return pd.DataFrame([[0.25, 0.75, 0.0], [0.1, 0.2, 0.7]], index=["1", "0"], columns=["0", "1", "2"])


def _legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.fixture
def legend():
    return _legend


def _ticks(axes):
    return [tick.get_text() for tick in axes.get_xticklabels()]


@pytest.fixture
def ticks():
    return _ticks


def _drawn(figure):
    figure.draw_without_rendering()
    return figure


@pytest.fixture
def drawn():
    return _drawn

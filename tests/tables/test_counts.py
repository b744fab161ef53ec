"""Data sets counted, by class and by attribute, beside the printed numbers."""

import numpy as np
import pytest

from encore.datasets.count import count_images
from encore.datasets.read import Images
from encore.papers.read import load_paper
from encore.tables.counts import build_counts
from encore.tables.html import html
from encore.tables.layout import layout
from encore.tables.markdown import markdown

PIXELS = np.zeros((5, 2, 2, 1), np.uint8)


def test_classes_and_attributes_are_counted():
    labels = Images(PIXELS, np.array([0, 2, 2, 2, 0]), 3, ("a", "b", "c"))
    assert count_images(labels, True)[["class", "count"]].to_dict("list") == {
        "class": ["a", "b", "c", "total"],
        "count": [2, 0, 3, 5],
    }
    attributes = np.array([[1, 0], [1, 1], [0, 0], [0, 0], [0, 1]], bool)
    faces = Images(PIXELS, None, 3, ("Bald", "Bangs"), attributes)
    assert count_images(faces, True)[["class", "count"]].to_dict("list") == {
        "class": ["Bald", "Bangs", "total"],
        "count": [2, 2, 5],
    }


@pytest.fixture
def frame():
    digits = Images(
        np.zeros((70_000, 1, 1, 1), np.uint8), np.arange(70_000) % 10, 60_000, tuple("0123456789")
    )
    bedrooms = Images(PIXELS, np.array([0, 0, 0, 1, 1]), 3, ("bedroom", "conference_room"))
    counts = {
        "mnist": count_images(digits, True),
        "fashion_mnist": count_images(digits, False),
        "lsun": count_images(bedrooms, True),
    }
    return build_counts(load_paper("piad"), "piad_table1", counts, "code")


def test_counts_stand_beside_the_printed_numbers(frame):
    rows = {(row.dataset, row.metric): row for row in frame.itertuples()}
    assert len(rows) == 12
    assert (rows["MNIST", "n_classes"].verdict, rows["MNIST", "n_instances"].verdict) == ("reproduced",) * 2
    assert rows["LSUN(bedroom)", "n_classes"].verdict == "reproduced"
    assert rows["LSUN(bedroom)", "n_instances"].reproduced == 3
    assert rows["LSUN(bedroom)", "n_instances"].verdict == "below"
    assert rows["fMNIST", "n_instances"].verdict == "not comparable"
    assert rows["CelebA", "n_instances"].verdict == "missing"


def test_it_renders_in_the_papers_layout(frame):
    shape = layout(load_paper("piad"), "piad_table1", frame)
    text = markdown(shape, [])
    assert "| MNIST | 10<br>(10) = | 70000<br>(70000) = |" in text
    assert "<table" in html(shape, [])

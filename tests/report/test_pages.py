"""What the index says of a paper's results, on made-up ones."""

import dataclasses
import math

import pandas as pd
import pytest

from encore.audit.page import Page, Section
from encore.papers.model import Experiment, Paper
from encore.report.claims import read_claims
from encore.report.content import Part, Report
from encore.report.head import Head
from encore.report.pages import render_index, same_sections
from encore.report.runs import Effort, Trouble
from encore.report.tables import TableShown, anchors, count_verdicts
from encore.tables.build import build_table
from encore.tables.layout import layout
from encore.tables.verdicts import NOTHING

MARGINS = {"cell": {"value": 0.02, "source": "s"}, "average": {"value": 0.01, "source": "s"}}
PRINTED = {"1": "0.950", "2": "0.950", "avg": "0.950"}
ABOUT = {"title": "A <Paper>", "authors": "N. N.", "year": 2020}


def experiment(name="e"):
    return Experiment(name, "p", f"the <i>{name}</i>", "m", "mnist", {}, 0, ("1", "2"), {}, name)


@pytest.fixture
def paper():
    table = {"title": "AUROC", "source": "Table 1", "metric": "AUROC", "published_metric": "AUROC",
             "digits": 3,
             "score": "score", "demo": False, "figures": [], "rows": ["subset"], "columns": ["A"],
             "margins": MARGINS, "cells": [{"dataset": "D", "method": "A", "experiment": "e"}]}  # fmt: skip
    published = tuple(
        {"paper": "p", "table": "Table 1", "dataset": "D", "method": "A", "subset": subset, "metric": "AUROC",
         "value": value, "std": "", "note": ""}
        for subset, value in PRINTED.items()
    )  # fmt: skip
    claim = {"says": "better than <guessing>", "source": "Section 4", "table": "t", "kind": "best"}
    claims = {"good": claim, "other": claim | {"says": "best of all", "table": "u"}}
    tables = {"t": table, "u": table | {"title": "AUPRC"}}
    return Paper("p", ABOUT, {"e": experiment(), "f": experiment("f")}, tables, {}, claims, {}, published)


@pytest.fixture
def table(paper):
    """Unit 1 is below what is printed, unit 2 is reproduced."""
    row = {"experiment": "e", "score": "score", "metric": "AUROC", "device": "cpu", "code": "c",
           "settings": "s", "iterations": 1, "deviations": "", "diverged": "", "scored_by": "k", "flags": "",
           "stale": ""}  # fmt: skip
    runs = [
        row | {"unit": unit, "seed": seed, "value": value + seed / 1000}
        for unit, value in (("1", 0.8), ("2", 0.95))
        for seed in range(3)
    ]
    frame = build_table(paper, "t", {"e": pd.DataFrame(runs)}, "code", {"e": False}, {})
    decided = {"claim": "good", "says": "better than <guessing>", "source": "Section 4",
              "verdict": "not borne out", "probability": 0.0123, "sentence": "It holds & fails.",
              "published_holds": True}  # fmt: skip
    cells = tuple(
        Located(place) for place in frame[["dataset", "method", "subset"]].itertuples(index=False, name=None)
    )
    files = ("results/tables/t.csv", "results/tables/t.json")
    entry = paper.tables["t"]
    return TableShown("t", entry, frame, layout(paper, "t", frame), ("A `foot`.",), cells, (decided,), files)


@dataclasses.dataclass(frozen=True)
class Located:
    """As much of a cell as an index needs."""

    place: tuple


def part(paper, table, **changed):
    return dataclasses.replace(
        Part(
            paper=paper,
            demo=False,
            tables=(table,),
            not_made=(("u", paper.tables["u"]),),
            figures=(),
            claims=tuple(read_claims(paper, [table], demo=False)),
            deviations={"stand-in <weights>": ("e", "f")},
            troubles=(
                Trouble("failed", "no <room>", "results/logs/x.log", tuple(f"e 1/{i}" for i in range(9))),
            ),
            efforts=(Effort(paper.experiments["e"], 6, 7200.0, 6, 30.0, ("a GPU",), 0),),
            not_run=(paper.experiments["f"],),
            runs={"done": 6, "waiting": 4},
        ),
        **changed,
    )


def index(*papers, demos=(), nothing_of=(), **head):
    whole = {"newest": "2026-01-01 00:00", "commits": ("c0ffee",), "asked": (), "devices": (), "software": (),
             "results": 9, "records": 5, "faults": (), "notes": ()} | head  # fmt: skip
    return render_index(Report(Head(**whole), papers, demos, nothing_of))


def test_a_paper_has_its_claims_verdicts_and_troubles(paper, table, read):
    text = read(index(part(paper, table))).text
    assert f"= 1 reproduced ↓ 2 below ✗ 1 not borne out {NOTHING} 1 not attempted 2 h 0 min" in text
    assert "better than <guessing> Section 4, t ✗ not borne out 0.012 bear it out It holds & fails." in text
    assert (
        f"best of all Section 4 {NOTHING} not attempted {NOTHING} {NOTHING} The table u is not made." in text
    )
    assert "0.801 ± 0.001 0.950 ↓ below" in text
    assert "stand-in <weights> (e, f)" in text
    assert "e 1/5 and 3 more no <room> results/logs/x.log" in text
    assert "6 2 h 0 min 6 30 s a GPU" in text
    assert "4 of 10 runs that the configuration asks for have not begun." in text
    assert "Table not made: u, Table 1: AUPRC." in text
    assert "Experiment without any run: f, the <i>f</i>." in text


def test_all_text_is_escaped(paper, table):
    page = index(part(paper, table), faults=("<b>",), notes=("<b>",), commits=("<b>",), devices=("<b>",))
    assert not any(tag in page for tag in ("<b>", "<guessing>", "<weights>", "<room>", "<i>", "<Paper>"))


def test_every_number_is_a_link(paper, table, read):
    links = [link for link in read(index(part(paper, table))).links if "#cell" in link]
    assert links == [f"report/t.html#cell-d-{subset}-a" for subset in ("1", "2", "avg")]


def test_a_demonstration_stands_apart_and_asks_for_nothing(paper, table, read):
    text = read(index(demos=(part(paper, table, demo=True),), nothing_of=(part(paper, table),))).text
    assert text.index("There is no result of a paper here.") < text.index("Nothing was run of")
    assert text.index("Nothing was run of") < text.index("Demonstrations: no results of the papers")
    assert "not made: u" not in text
    assert "have not begun" not in text


def test_whether_the_trail_holds(read):
    assert "The trail holds: 9 results and 5 records" in read(index()).text
    many = read(index(faults=tuple(f"fault number {number}." for number in range(60)))).text
    assert "The trail does not hold: 60 faults" in many
    assert "fault number 49." in many
    assert "fault number 50." not in many
    assert "and 10 more" in many
    assert "Nothing has been run here." in read(index(records=0)).text


def test_a_claim_that_its_table_is_older_than_is_not_attempted(paper, table):
    bare = dataclasses.replace(table, claims=())
    first, _ = read_claims(paper, [bare], demo=False)
    assert (first.verdict, first.sentence) == ("not attempted", "The table t is older than the claim.")
    assert list(read_claims(paper, [table], demo=True)) == []


def test_verdicts_are_counted_and_what_has_none_is_missing_or_not_printed():
    frame = pd.DataFrame(
        {"verdict": ["below", "cited", "", "", "below"], "reproduced": [0.1, math.nan, math.nan, 0.5, 0.2]}
    )
    found = [(count.glyph, count.name, count.number) for count in count_verdicts([frame, frame])]
    assert found == [
        ("↓", "below", 4),
        ("§", "cited", 2),
        (NOTHING, "missing", 2),
        ("", "without a printed number", 2),
    ]


def test_no_two_cells_have_the_same_anchor():
    places = [("D", "+ a", "x"), ("D", "a", "x"), ("D", "A", "X"), ("D", "a 2", "x")]
    assert list(anchors(places).values()) == ["cell-d-x-a", "cell-d-x-a--2", "cell-d-x-a--3", "cell-d-x-a-2"]


def test_sections_with_rows_that_are_the_same_are_told_once():
    same, other = (Section("Settings", (), ("a",), ((value,),)) for value in ("1", "2"))
    pages = {
        name: Page(name, (Section("Try"), settings))
        for name, settings in zip("xyz", (same, other, same), strict=True)
    }
    assert same_sections(pages) == {("z", "Settings"): "x"}

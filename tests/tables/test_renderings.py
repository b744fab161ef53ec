import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from encore.papers.model import Experiment, Paper
from encore.tables.build import build_table
from encore.tables.foot import foot
from encore.tables.html import html, html_table
from encore.tables.latex import latex, latex_text
from encore.tables.layout import Cell, Layout, layout
from encore.tables.markdown import markdown
from encore.tables.verdicts import CITED, GLYPHS, NOTHING, VERDICTS

METHODS = ("OC-SVM", "KDE", "AnoGAN", "ADGAN", "OCGAN", "ALAD", "LSA", "Deep SVDD", "PIAD")
UNITS = {
    "MNIST": tuple("0123456789"),
    "CIFAR-10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
}
MARGINS = {"cell": {"value": 0.02, "source": "s"}, "average": {"value": 0.01, "source": "half"}}


def published():
    """The cells that PIAD's Table 2 prints, with made-up numbers: of ALAD only one average."""
    rows = []
    for dataset, units in UNITS.items():
        for subset in (*units, "avg"):
            for method in METHODS:
                if method == "ALAD" and (dataset, subset) != ("CIFAR-10", "avg"):
                    continue
                rows.append(
                    {"paper": "piad", "table": "Table 2", "dataset": dataset, "method": method,
                     "subset": subset.replace("automobile", "car"), "metric": "ROC_AUC", "value": "0.900",
                     "std": "", "note": "quoted"}
                )  # fmt: skip
    return tuple(rows)


def piad():
    cells = [
        {"dataset": dataset, "method": method, "experiment": f"{method} on {dataset}"}
        | {"subsets": {"automobile": "car"}}
        for dataset in UNITS
        for method in ("OC-SVM", "KDE", "PIAD")
    ]
    entry = {"title": "ROC AUC", "source": "Table 2", "metric": "AUROC", "published_metric": "ROC_AUC",
             "digits": 3,
             "score": "score", "margins": MARGINS, "rows": ["dataset", "subset"], "columns": METHODS,
             "cells": cells}  # fmt: skip
    experiments = {
        cell["experiment"]: experiment(cell["experiment"], UNITS[cell["dataset"]]) for cell in cells
    }
    about = {"title": "Perceptual & relative"}
    return Paper("piad", about, experiments, {"piad_table2": entry}, {}, {}, {}, published())


def experiment(name, units):
    return Experiment(name, "p", "title", "method", "dataset", "protocol", 0, units, {}, name)


def measured(name, dataset, seeds, values=(0.9, 0.91, 0.89), **changed):
    """An experiment's measures: every unit has the value of its seed."""
    row = {"experiment": name, "score": "score", "metric": "AUROC", "device": "cpu", "code": "c" * 64,
           "settings": "s", "iterations": 1, "deviations": "", "diverged": "",
           "scored_by": "k", "flags": "", "stale": ""} | changed  # fmt: skip
    return pd.DataFrame(
        [
            row | {"unit": unit, "seed": seed, "value": values[seed]}
            for unit in UNITS[dataset]
            for seed in seeds
        ]
    )


@pytest.fixture(scope="module")
def table2():
    """A layout with its foot: PIAD deviates on CIFAR-10, where the one-class SVM is not run."""
    paper = piad()
    runs = [
        measured("PIAD on MNIST", "MNIST", (0, 1, 2)),
        measured("PIAD on CIFAR-10", "CIFAR-10", (0, 1, 2), deviations="stand-in <weights>"),
        measured("KDE on MNIST", "MNIST", (0,)),
        measured("KDE on CIFAR-10", "CIFAR-10", (0,), values=(0.5,)),
        measured("OC-SVM on MNIST", "MNIST", (0,)),
    ]
    measures = {frame["experiment"].iloc[0]: frame for frame in runs}
    facts = {name: not name.startswith("PIAD") for name in paper.experiments}
    frame = build_table(paper, "piad_table2", measures, "paper", facts, {})
    return layout(paper, "piad_table2", frame), foot(paper, "piad_table2", frame, measures)


class Reader(HTMLParser):
    """Rows of a table as lists of texts, titles of its cells, and every attribute met; checks the nesting."""

    VOID = ("meta", "br")

    def __init__(self):
        super().__init__()
        self.open, self.rows, self.titles, self.attributes, self.text = [], [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.titles.append(dict(attributes).get("title", ""))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_layout_of_table_2(table2):
    shape, _ = table2
    assert shape.columns == list(METHODS)
    assert shape.row_levels == ("dataset", "subset")
    assert len(shape.rows) == 22
    assert all(len(cells) == 9 for cells in shape.cells)
    assert [row for row in shape.rows if row[1] == "avg"] == [shape.rows[10], shape.rows[21]]
    assert shape.rows[12] == ("CIFAR-10", "car")
    alad = [cells[METHODS.index("ALAD")] for cells in shape.cells]
    assert [cell.printed for cell in alad] == [""] * 21 + ["0.900"]
    assert shape.heading == "Perceptual & relative · Table 2 · ROC AUC · reading: paper"


def test_a_run_cell_says_how_it_was_compared(table2):
    shape, _ = table2
    cell = shape.cells[0][METHODS.index("PIAD")]
    assert (cell.reproduced, cell.printed, cell.verdict) == ("0.900 ± 0.010", "0.900", "consistent")
    assert cell.title == "consistent; 95 % interval 0.875 to 0.925; n = 3; margin 0.02"
    kde = shape.cells[0][METHODS.index("KDE")]
    assert (kde.reproduced, kde.verdict, kde.glyph) == ("0.900", "reproduced", "=")


def test_the_legend_explains_the_verdicts_that_occur(table2):
    shape, _ = table2
    shown = [verdict for _, verdict, _ in shape.legend]
    assert shown == ["reproduced", "consistent", "below", "not comparable", "missing"]


def test_every_verdict_but_cited_has_a_glyph_of_its_own():
    assert set(GLYPHS) == set(VERDICTS) - {CITED}
    assert len(set(GLYPHS.values())) == len(GLYPHS)


def test_markdown(table2):
    text = markdown(*table2)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 22
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 12 for line in lines)
    assert "| MNIST | 0 | 0.900<br>(0.900) = | 0.900<br>(0.900) = | *0.900* |" in text
    assert "0.900 ± 0.010<br>(0.900) ≈ |" in text
    assert "| **MNIST** | **avg** |" in text
    assert "stand-in \\<weights>" in text
    for sentence in table2[1][:4]:
        assert f"- {sentence}" in text


def test_latex(table2):
    text = latex(*table2)
    body = text.split(r"\midrule", 1)[1].split(r"\bottomrule")[0]
    rows = [line for line in body.splitlines() if line.endswith(r" \\")]
    assert len(rows) == 22
    assert all(row.count(" & ") == 10 for row in rows)
    assert r"Perceptual \& relative $\cdot$ Table 2" in text
    assert r"0.900 $\pm$ 0.010\\{\scriptsize (0.900) $\approx$}" in text
    assert text.count(r"\midrule") == 1 + 2 + 1  # below the head, above both averages, between the datasets
    for command in (r"\toprule", r"\bottomrule", r"\begin{table}", r"\end{table}"):
        assert text.count(command) == 1
    assert text.count("{") == text.count("}")
    assert text.isascii()


def test_latex_escapes_every_special_character():
    assert latex_text(r"50% of a_b & {c} #1 $x^2~\y") == (
        r"50\% of a\_b \& \{c\} \#1 \$x\textasciicircum{}2\textasciitilde{}\textbackslash{}y"
    )
    assert latex_text("a<b>c|d ε±") == r"a\textless{}b\textgreater{}c\textbar{}d $\varepsilon$$\pm$"


def test_html_parses_and_stands_alone(table2):
    page = html(*table2)
    reader = read(page)
    assert not [value for name, value in reader.attributes if name in ("src", "href")]
    assert not re.search(r"https?:|//[a-z]|@import|url\(|<script|<link", page)
    assert "prefers-color-scheme: dark" in page


def test_html_has_the_layout_of_the_paper(table2):
    reader = read(html(*table2))
    head, *body = reader.rows
    assert head == ["dataset", "subset", *METHODS]
    assert len(body) == 22
    assert body[0][:3] == ["MNIST", "0", "0.9000.900 = reproduced"]
    assert len(body[0]) == 11
    assert len(body[1]) == 10  # the dataset's name spans its rows
    assert body[11][0] == "CIFAR-10"
    assert [row[0] for row in body if "avg" in row] == ["avg", "avg"]


def test_html_says_a_verdict_in_words_and_its_reasons_in_a_title(table2):
    reader = read(html(*table2))
    assert "consistent; 95 % interval 0.875 to 0.925; n = 3; margin 0.02" in reader.titles
    note = "not comparable; 95 % interval 0.875 to 0.925; n = 3; margin 0.02; deviation: stand-in <weights>"
    assert note in reader.titles
    assert any(row[-1].endswith("≠ not comparable") for row in reader.rows)


def test_html_escapes(table2):
    page = html(*table2)
    assert "<weights>" not in page
    assert "Perceptual &amp; relative" in page


def small(rows, columns, printed, cells=(), experiments=()):
    """Arguments of a layout of a table that prints {(dataset, method, subset): value}; nothing is run."""
    csv = tuple(
        {"paper": "p", "table": "T", "dataset": dataset, "method": method, "subset": subset,
         "metric": "AUROC", "value": value, "std": "", "note": ""}
        for (dataset, method, subset), value in printed.items()
    )  # fmt: skip
    entry = {"title": "t", "source": "T", "metric": "AUROC", "published_metric": "AUROC",
             "score": "score", "digits": 2, "rows": rows,
             "columns": columns, "cells": cells, "margins": MARGINS}  # fmt: skip
    paper = Paper("p", {"title": "P"}, {one.name: one for one in experiments}, {"t": entry}, {}, {}, {}, csv)
    return paper, "t", build_table(paper, "t", {}, "code", {}, {})


def test_methods_as_rows():
    # As PIAD's Table 3 (left): the average is the only subset, so that it stands in the heading.
    places = [(dataset, method, "avg") for method in ("A", "B") for dataset in ("F", "C")]
    printed = {place: f"0.{number}" for number, place in enumerate(places)}
    shape = layout(*small(["method"], ["A", "B"], printed))
    assert shape.rows == [("A",), ("B",)]
    assert shape.columns == ["F", "C"]
    assert [[cell.printed for cell in cells] for cells in shape.cells] == [["0.0", "0.1"], ["0.2", "0.3"]]
    assert "subset: avg · reading: code" in shape.heading


def test_subsets_as_rows_of_a_single_method():
    printed = {("CelebA", "PIAD", subset): "0.5" for subset in ("Bald", "Wearing_Hat")}
    table = small(["subset"], ["PIAD"], printed)
    shape = layout(*table)
    assert (shape.rows, shape.columns) == ([("Bald",), ("Wearing_Hat",)], ["PIAD"])
    assert "dataset: CelebA" in shape.heading
    assert r"Wearing\_Hat & \textit{0.5} \\" in latex(layout(*table), [])
    assert r"| Wearing\_Hat | *0.5* |" in markdown(layout(*table), [])


def test_units_without_a_printed_number_stay_out_where_others_are_printed():
    cells = [{"dataset": "F", "method": "A", "experiment": "a"}]
    table = small(["method"], ["A"], {("F", "A", "avg"): "0.9"}, cells, [experiment("a", ("x", "y"))])
    assert list(table[2].subset) == ["x", "y", "avg"]
    assert layout(*table).rows == [("A",)]
    assert layout(*table).columns == ["avg"]


def test_a_table_that_nothing_is_printed_for_has_no_verdicts():
    cells = [{"dataset": "digits", "method": "A", "experiment": "a"}]
    entry = {"title": "demo", "metric": "AUROC", "digits": 2, "score": "score", "rows": ["dataset", "subset"],
             "columns": ["A"], "cells": cells}  # fmt: skip
    paper = Paper("p", {"title": "P"}, {"a": experiment("a", ("0", "1"))}, {"demo": entry}, {}, {}, {}, ())
    runs = measured("a", "MNIST", (0, 1)).query("unit == '0'")
    frame = build_table(paper, "demo", {"a": runs}, "paper", {"a": False}, {})
    shape = layout(paper, "demo", frame)
    assert "not in the paper" in shape.heading
    assert [cells[0].reproduced for cells in shape.cells] == ["0.91 ± 0.01", NOTHING, NOTHING]
    assert shape.legend == []
    page = html(shape, ["no result of the paper"])
    assert [row[-1] for row in read(page).rows] == ["A", "0.91 ± 0.01", NOTHING, NOTHING]
    assert "as printed" not in page + markdown(shape, []) + latex(shape, [])


def test_a_number_leads_where_its_cell_is_explained(table2):
    shape, _ = table2
    assert shape.cells[12][METHODS.index("PIAD")].place == ("CIFAR-10", "PIAD", "car")
    links = {("CIFAR-10", "PIAD", "car"): "c.html#a&b", ("MNIST", "LSA", "0"): "cited"}
    reader = read(html_table(shape, links))
    assert [value for key, value in reader.attributes if key == "href"] == ["cited", "c.html#a&b"]
    unlinked = read(html(shape, [])).rows
    assert reader.rows == unlinked


def shares(**changed):
    """Arguments of a layout of a table that prints two shares of sixteen images and cites a third one."""
    cells = [{"dataset": "F", "method": "A", "experiment": "a"}]
    csv = tuple(
        {"paper": "p", "table": "T", "dataset": "F", "method": method, "subset": subset, "metric": "AUROC",
         "value": value, "std": "", "note": ""}
        for method, subset, value in (("A", "0", "0.813"), ("A", "1", "1.000"), ("B", "0", "0.188"))
    )  # fmt: skip
    entry = {"title": "t", "source": "T", "metric": "AUROC", "published_metric": "AUROC", "score": "score",
             "digits": 3, "rows": ["subset"], "columns": ["A", "B"], "cells": cells,
             "margins": MARGINS} | changed  # fmt: skip
    paper = Paper("p", {"title": "P"}, {"a": experiment("a", ("0", "1"))}, {"t": entry}, {}, {}, {}, csv)
    both = [
        measured("a", "MNIST", (0, 1, 2)),
        measured("a", "MNIST", (0, 1, 2), values=(0.81, 0.82, 0.83), score="logit"),
    ]
    runs = pd.concat(both).query("unit in ('0', '1')")
    return paper, "t", build_table(paper, "t", {"a": runs}, "paper", {"a": False}, {})


def test_what_printed_images_allow_stands_in_brackets_beside_the_printed_number():
    table = shares(printed_images={"value": 16, "source": "s"})
    first, second = layout(*table).cells
    assert [cell.printed for cell in first] == ["0.813 [0.57, 0.93]", "0.188 [0.07, 0.43]"]
    assert [cell.printed for cell in second] == ["1.000 [0.81, 1.00]", ""]
    assert first[0].beneath == "(0.813 [0.57, 0.93]) ↑"
    assert first[0].title.endswith("; 16 images allow 0.57 to 0.93")
    assert "<br>(0.813 [0.57, 0.93]) ↑ | *0.188 [0.07, 0.43]* |" in markdown(layout(*table), [])
    assert r"{\scriptsize (0.813 [0.57, 0.93]) $\uparrow$}" in latex(layout(*table), [])
    assert r"\textit{0.188 [0.07, 0.43]}" in latex(layout(*table), [])
    rows = read(html(layout(*table), [])).rows
    assert rows[1] == ["0", "0.900 ± 0.0100.813 [0.57, 0.93] ↑ above", "0.188 [0.07, 0.43]"]


def test_without_printed_images_a_printed_number_stands_alone():
    assert [cell.printed for cell in layout(*shares()).cells[0]] == ["0.813", "0.188"]


def test_a_table_shows_the_score_that_it_names():
    shown = {score: layout(*shares(score=score)).cells[0][0] for score in ("score", "logit")}
    assert {score: cell.reproduced for score, cell in shown.items()} == {
        "score": "0.900 ± 0.010",
        "logit": "0.820 ± 0.010",
    }
    assert shown["logit"].printed == shown["score"].printed == "0.813"


def labelled(label):
    """A layout of a row with this label, whose heading and one column say the same."""
    return Layout(label, ("method",), [(label,)], [label], [[Cell(printed="0.5", verdict=CITED)]], [])


@pytest.mark.parametrize("text", ["[x](http://a.b)", "![x](y)", "~~x~~", "&lt;x", "$x$", "x\ny", "x\r\n# y"])
def test_markdown_makes_nothing_of_titles_notes_and_labels(text):
    lines = markdown(labelled(text), [text]).splitlines()
    assert len(lines) == 7
    written = lines[0].removeprefix("**").removesuffix("**")
    assert not re.search(r"(?<!\\)[\[\]~&$]", written)
    assert written.replace("\\", "") == " ".join(text.splitlines())
    assert lines[2] == f"| method | {written} |"
    assert lines[4] == f"| {written} | *0.5* |"
    assert lines[6] == f"- {written}"


def test_latex_takes_no_label_of_a_row_for_a_part_of_the_command_before():
    """After `\\\\` and rules, a star and brackets are theirs."""
    assert r"{[}9] x & \textit{0.5} \\" in latex(labelled("[9] x"), []).splitlines()
    assert r"{*} x & \textit{0.5} \\" in latex(labelled("*\nx"), []).splitlines()

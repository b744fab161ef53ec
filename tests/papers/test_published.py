"""The printed numbers, as the papers' CSVs hold them."""

import dataclasses
import hashlib
import math

import pytest

from encore.papers.check import published_faults
from encore.papers.read import load_paper, load_papers, read_published
from encore.tables.claims import published_holds


def test_averages_that_piad_prints_are_those_of_its_cells():
    """Every printed average of Table 2 is the mean of its ten cells, but for one that is known not to be."""
    cells = {}
    for row in load_paper("piad").published:
        if row["table"] == "Table 2":
            cells.setdefault((row["dataset"], row["method"]), {})[row["subset"]] = float(row["value"])
    assert len(cells) == 17
    for key, values in cells.items():
        average = values.pop("avg")
        if not values:
            assert key == ("CIFAR-10", "ALAD")
            continue
        tolerance = 0.0008 if key == ("CIFAR-10", "OCGAN") else 0.00051
        assert len(values) == 10
        assert sum(values.values()) / 10 == pytest.approx(average, abs=tolerance)


def test_every_printed_number_of_piad_is_there():
    counts = {}
    for row in load_paper("piad").published:
        counts[row["table"]] = counts.get(row["table"], 0) + 1
    assert counts == {
        "Table 1": 12,
        "Table 2": 177,
        "Table 3 (left)": 6,
        "Table 3 (center)": 5,
        "Table 3 (right)": 5,
        "Section 4.1 text": 2,
        "Figure 1": 6,
        "Figure 5": 3,
    }


def test_figure_8_of_reverse_vae_has_a_row_a_bar_and_no_number():
    bars = [row for row in load_paper("reverse_vae").published if row["table"] == "Figure 8"]
    assert {row["method"] for row in bars} == {"VAE (An & Cho)", "EfficientGAN", "Reverse-VAE"}
    assert {(row["metric"], row["subset"]) for row in bars} == {
        (metric, str(digit)) for metric in ("AUROC", "AUPRC") for digit in range(10)
    }
    assert len(bars) == 60
    assert not any(row["value"] for row in bars)


def test_the_tables_of_section_4_5_have_a_row_each_and_no_number():
    paper = load_paper("reverse_vae")
    rows = [row for row in paper.published if row["table"] == "Section 4.5"]
    assert {(row["subset"], row["value"]) for row in rows} == {("avg", ""), ("7", "")}
    (seven,) = paper.tables["reverse_vae_seven"]["cells"]
    assert (seven["experiment"], seven["units"]) == ("reverse-vae-mnist", ["7"])


def test_ifcvaegan_prints_sums_of_its_two_shares_which_bear_what_it_says_of_them():
    """Without L_aux both shares add up to 1, whatever else the model has, and with it they do not."""
    paper, printed = load_paper("ifcvaegan"), {}
    for row in paper.published:
        if row["value"]:
            printed.setdefault(row["metric"], {})[row["dataset"], row["method"], row["subset"]] = row["value"]
    sums = printed["Class0+Class1"]
    assert len(sums) == 5
    for cell, value in sums.items():
        both = float(printed["Class0"][cell]) + float(printed["Class1"][cell])
        assert float(value) == pytest.approx(both, abs=1e-9)
    borne = {
        "ifcvaegan_needs_aux": "without L_aux",
        "ifcvaegan_class_hat_alone": "without L_aux with Lhat_class",
    }
    for name, row in borne.items():
        claim = paper.claims[name]
        assert claim["cell"]["method"] == f"{row} (alpha=0.2)"
        assert published_holds(claim, sums).holds is True
        for method in ("best model (alpha=0.2)", "regularization (alpha=0.5)"):
            other = claim | {"cell": claim["cell"] | {"method": method}}
            assert published_holds(other, sums).holds is False


def test_a_csv_with_other_columns_is_refused(faults_of, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    (fault,) = faults_of(read_published, path)
    assert "expected the columns paper, table" in fault


def test_a_csv_that_excel_wrote_is_read(tmp_path):
    """Its mark in front and its ends of lines are harmless; its semicolons are not."""
    path = tmp_path / "x.csv"
    path.write_text(COLUMNS + ROW)
    expected = read_published(path)
    path.write_bytes(("\ufeff" + COLUMNS + ROW).replace("\n", "\r\n").encode())
    assert read_published(path) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lambda text: text.replace(",", ";").encode(), ", with commas between; found paper;table;"),
        (
            lambda text: text.replace("Table", "T\xe4ble").encode("latin-1"),
            ", line 2: found the byte 0xe4, which",
        ),
        (lambda text: text.encode("utf-16"), ", line 1: found the byte 0xff, which is no UTF-8"),
        (lambda text: text.replace("Table", '"Tab"le').encode(), ", line 2: not valid CSV: ',' expected"),
        (lambda text: text.replace("Table", "x" * 200_000).encode(), ", line 2: not valid CSV: field larger"),
        (lambda text: b"", ", with commas between; found none."),
    ],
    ids=["semicolons", "Latin-1", "UTF-16", "quotes", "long", "empty"],
)
def test_a_csv_that_is_none_is_one_sentence(faults_of, tmp_path, content, said):
    path = tmp_path / "x.csv"
    path.write_bytes(content(COLUMNS + ROW))
    (fault,) = faults_of(read_published, path)
    assert fault.startswith(str(path))
    assert said in fault


COLUMNS = "paper,table,dataset,method,subset,metric,value,std,note\n"
ROW = "x,Table 2,A,B,c,ROC_AUC,0.5,,\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ROW + ROW, "Table 2, A, B, c, ROC_AUC: stands 2 times."),
        (ROW.replace("0.5", "O.996"), "line 2: value: found 'O.996', expected a number."),
        (ROW.replace("0.5", "nan"), "line 2: value: found 'nan', expected a number."),
        (ROW.replace("0.5", '"0,885"'), "line 2: value: found '0,885', expected a number."),
        (ROW.replace("0.5", '"0.5\n"'), r"line 2: value: found '0.5\n', expected a number."),
        (ROW.replace("0.5,", "0.5,x"), "line 2: std: found 'x', expected a number."),
        (ROW + "x,Table 2,A\n", "line 3: expected 9 fields"),
        (ROW + ROW.replace("c,", "d,").strip() + ",more\n", "line 3: expected 9 fields"),
    ],
)
def test_a_row_that_is_no_number_or_stands_twice_is_refused(tmp_path, rows, expected):
    path = tmp_path / "x.csv"
    path.write_text(COLUMNS + rows)
    paper = dataclasses.replace(load_paper("piad"), published=read_published(path))
    (fault,) = published_faults(paper, "x.csv")
    assert expected in fault


@pytest.mark.parametrize(
    ("value", "metric", "bounds"),
    [("97", {}, "from 0 to 1"), ("-0.9", {}, "from 0 to 1"), ("-1", {"metric": "MSE"}, "from 0"),
     ("1.5", {"metric": "CIS", "printed_images": {"value": 16, "source": "s"}}, "from 0 to 1")],
)  # fmt: skip
def test_a_printed_number_beyond_its_metric_is_refused(tmp_path, value, metric, bounds):
    path = tmp_path / "x.csv"
    path.write_text(COLUMNS + ROW.replace("0.5", value))
    piad = load_paper("piad")
    tables = {"piad_table2": piad.tables["piad_table2"] | metric}
    paper = dataclasses.replace(piad, published=read_published(path), tables=tables)
    assert published_faults(paper, "x.csv") == [
        f"x.csv, line 2: value: found {value!r}, expected a number {bounds}."
    ]


# Of each table: its rows, the numbers in them, their sum, and the beginning of a SHA-256 of its rows.
PINNED = {
    ("adversarial_vae", "Table 1"): (11, 11, 68.9, "6e585f0ccce839df"),
    ("adversarial_vae", "Section 3.4"): (2, 0, 0, "ed9f327713731926"),
    ("dualvae", "Table 1"): (8, 16, 0.519, "dea7d551e6ccb304"),
    ("dualvae", "Figure 6"): (10, 0, 0, "e28f1b732b1838ed"),
    ("ifcvaegan", "Table 1"): (15, 15, 7.2690, "7e0c0cae4e0ed947"),
    ("ifcvaegan", "Table 1 (sums)"): (5, 5, 7.128, "be1a830ffeffb868"),
    ("ifcvaegan", "Section 1"): (1, 0, 0, "93d78e546988c331"),
    ("reverse_vae", "Table 1"): (9, 9, 402559.1015, "2ea77ea865596934"),
    ("reverse_vae", "Figure 8"): (60, 0, 0, "22f5d6efc6ad7502"),
    ("reverse_vae", "Section 4.5"): (2, 0, 0, "d9df2595ed2805c8"),
    ("piad", "Table 1"): (12, 12, 3443312, "358d63921437f6fa"),
    ("piad", "Table 2"): (177, 177, 139.719, "8362471cbee06c59"),
    ("piad", "Table 3 (left)"): (6, 6, 5.780, "9c5949c5da88f7d5"),
    ("piad", "Table 3 (center)"): (5, 5, 3.410, "23eeeea9d4c49fa8"),
    ("piad", "Table 3 (right)"): (5, 5, 3.441, "6d7cb76afe2e3d0b"),
    ("piad", "Section 4.1 text"): (2, 2, 1.422, "2b96e51f22ed8149"),
    ("piad", "Figure 5"): (3, 3, 2.003, "546889a6c405a7d2"),
    ("piad", "Figure 1"): (6, 6, 11.71, "42cf5dc9c30449ab"),
}


def test_no_printed_number_has_changed():
    """Another digit, two rows that change places, a row more or less."""
    found = {}
    for name, paper in load_papers().items():
        for row in paper.published:
            found.setdefault((name, row["table"]), []).append(row)
    assert {key: summary(rows) for key, rows in found.items()} == PINNED


def summary(rows):
    """What PINNED holds of a table's rows, whatever their order; digits count as they are printed."""
    columns = ("table", "dataset", "method", "subset", "metric", "value", "std")
    lines = sorted("|".join(row[column] for column in columns) for row in rows)
    written = [row[column] for row in rows for column in ("value", "std") if row[column]]
    numbers = [float(text) for text in written if ";" not in text]  # of a learning rate for each network
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return len(rows), len(written), round(math.fsum(numbers), 6), digest[:16]

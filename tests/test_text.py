"""Text for a terminal."""

import pytest

from encore.text import duration, grid, size, table, wrapped


def test_a_path_breaks_after_a_slash_and_a_word_that_is_too_long_anywhere():
    assert wrapped("results/runs/demo-piad/0", 14) == ["results/runs/", "demo-piad/0"]
    assert wrapped("see results/runs", 12) == ["see", "results/runs"]
    assert wrapped("abcdefgh ij", 4) == ["abcd", "efgh", "ij"]
    assert wrapped("", 4) == [""]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (18720, "5 h 12 min")]
)
def test_durations_as_a_person_says_them(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (31_400_000, "31.4 MB"),
     (7_000_000_000, "7.0 GB"), (2 * 10**12, "2.0 TB")],
)  # fmt: skip
def test_sizes_as_a_person_says_them(count, said):
    assert size(count) == said


def test_columns_of_numbers_and_those_asked_for_are_set_to_the_right():
    rows = [("a", "1,234", "9 B", ""), ("bc", "\N{EN DASH}", "10 kB", "x")]
    assert grid(("name", "count", "disk", "note"), rows, right=("disk",)) == [
        "name  count   disk  note",
        "----  -----  -----  ----",
        "a     1,234    9 B",
        "bc        \N{EN DASH}  10 kB  x",
    ]


def test_a_table_with_room_is_a_grid_and_one_without_is_wrapped():
    columns, rows = ("a", "b"), [("one", "two three"), ("four", "five six")]
    assert table(columns, rows, 20) == grid(columns, rows)
    wrapped_rows = ["one   two", "      three", "four  five", "      six"]
    assert table(columns, rows, 11) == ["a     b", "----  -----", *wrapped_rows]


def test_a_table_of_more_columns_than_letters_in_a_line_comes_to_an_end():
    columns = ["unit", *(f"seed {seed}" for seed in range(40))]
    head, *_ = table(columns, [[str(place) for place in range(41)], ["x"] * 41], 98)
    assert len(head.split()) == 41
    assert grid(("ab", "cd"), [("ef", "gh")], 1) == ["a  c", "b  d", "-  -", "e  g", "f  h"]

"""How a terminal shows a page: aligned, wrapped, within its width."""

from encore.audit.page import Page, Section, as_text


def lines_of(columns, rows):
    return as_text(Page("t", (Section("S", (), columns, rows),))).splitlines()[5:]


def test_columns_are_aligned_numbers_to_the_right_and_long_cells_wrapped():
    words = "word " * 30
    lines = lines_of(("name", "count", "why"), (("one", "7", words), ("another", "1,234", "short")))
    assert lines[0] == "  name     count  why"
    start = lines[0].index("why")
    assert lines[1].split() == ["-------", "-----", "-" * (100 - start)]
    assert lines[2].startswith("  one          7  word word")
    assert lines[3].startswith(" " * start + "word")
    assert lines[-1] == "  another  1,234  short"
    assert " ".join(line[start:].strip() for line in lines[2:-1]) == words.strip()


def test_what_is_the_same_in_all_rows_is_said_once_where_room_is_scarce():
    rows = tuple((str(number), "x" * 60, "y" * 40) for number in range(3))
    lines = lines_of(("run", "code", "lock"), rows)
    text = " ".join(" ".join(lines).split())
    assert text.startswith(f"In all rows code: {'x' * 60}; lock: {'y' * 40}.")
    assert lines[-4:] == ["  ---", "    0", "    1", "    2"]


def test_a_single_row_that_is_too_wide_is_written_downwards():
    lines = lines_of(("run", "code", "lock"), (("0", "x" * 60, "y" * 40),))
    assert [line.split() for line in lines[2:]] == [["run", "0"], ["code", "x" * 60], ["lock", "y" * 40]]

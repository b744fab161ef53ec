import datetime

import pytest

from encore.rates import Rate, read_rates
from encore.strict import ConfigError

ENTRY = """
  - method: piad
    networks: small
    device: NVIDIA H100
    software: torch 2.15.0
    iterations_per_second: 100
    measured: 2026-01-31
    note: float32
"""
RATE = Rate("piad", "small", "NVIDIA H100", "torch 2.15.0", 100.0, datetime.date(2026, 1, 31), "float32")


def rates_in(tmp_path, text):
    path = tmp_path / "rates.yaml"
    path.write_text(text)
    return read_rates(path)


def faults_in(tmp_path, text):
    with pytest.raises(ConfigError) as caught:
        rates_in(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def test_the_shipped_rates_are_valid():
    assert isinstance(read_rates(), list)


def test_rates_from_a_file(tmp_path):
    assert rates_in(tmp_path, "rates: []") == []
    assert rates_in(tmp_path, f"rates:{ENTRY}") == [RATE]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("method: piad", "metod: piad", "rates[0]: unknown key 'metod', did you mean 'method'?"),
        ("    note: float32\n", "", "rates[0]: the key 'note' is missing."),
        ("second: 100", "second: 0", "rates[0].iterations_per_second: found 0, expected a number above 0."),
        ("second: 100", "second: x", "rates[0].iterations_per_second: found 'x', expected a number above 0."),
        ("100", ".inf", "rates[0].iterations_per_second: found inf, expected a number above 0."),
        ("2026-01-31", "lately", "rates[0].measured: found 'lately', expected a date such as 2026-01-31."),
        ("networks: small", "networks: 3", "rates[0].networks: found 3, expected text."),
        ("note: float32", "note: ''", "rates[0].note: found '', expected text."),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named(tmp_path, old, new, fault):
    assert f"rates.yaml: {fault}" in faults_in(tmp_path, f"rates:{ENTRY}".replace(old, new))


def test_all_wrong_entries_are_named_at_once(tmp_path):
    wrong = ENTRY.replace("100", "-1")
    assert len(faults_in(tmp_path, f"rates:{wrong}{wrong}  - fast\n")) == 3


def test_a_rate_twice_is_an_error(tmp_path):
    faults = faults_in(tmp_path, f"rates:{ENTRY}{ENTRY.replace('2.15.0', '2.16.0')}")
    assert faults == ["rates.yaml: piad, small, NVIDIA H100 stands twice; keep the newest."]


@pytest.mark.parametrize("text", ["speeds: []", "rates: fast", "rates: []\nmore: 1"])
def test_a_file_of_another_shape_is_an_error(tmp_path, text):
    assert "expected the one key `rates` with a list" in faults_in(tmp_path, text)[0]

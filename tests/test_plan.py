import datetime
import math

import pytest

from encore.plan import COLUMNS, NO_RATE, Work, iterations_of, plan, render_plan
from encore.rates import Rate

GPU, CPU = "NVIDIA H100", "x86-64, 2 cores"


def rate(per_second=100.0, networks="small", device=GPU, method="piad"):
    return Rate(method, networks, device, "torch 2.15.0", per_second, datetime.date(2026, 1, 31), "float32")


def work(
    name="piad-mnist", networks="small", iterations=50_000, runs=30, model_bytes=1_000_000, method="piad"
):
    return Work(name, method, networks, iterations, runs, model_bytes)


# --- the plan ----------------------------------------------------------------------------------------


def test_hours_and_disk_by_hand():
    frame = plan([work()], [rate()], GPU)
    assert tuple(frame.columns) == tuple(COLUMNS)
    row = frame.iloc[0]
    assert (row.runs, row.iterations, row.bytes) == (30, 1_500_000, 30_000_000)
    assert row.hours == pytest.approx(1_500_000 / 100 / 3600)
    assert row.basis == "measured 2026-01-31 with torch 2.15.0 (float32)"


@pytest.mark.parametrize(
    "other",
    [rate(device=CPU), rate(networks="large"), rate(method="vae"), rate(device="NVIDIA H100 MIG")],
)
def test_a_rate_counts_for_its_own_method_networks_and_device_alone(other):
    row = plan([work()], [other], GPU).iloc[0]
    assert math.isnan(row.rate)
    assert math.isnan(row.hours)
    assert row.basis == NO_RATE
    assert (row.runs, row.iterations) == (30, 1_500_000)


def test_an_experiment_without_runs_is_left_out():
    assert list(plan([work(runs=0), work("other")], [], GPU).experiment) == ["other"]


def test_a_negative_count_is_an_error():
    with pytest.raises(ValueError, match="the plan of piad-mnist: found runs = -1, expected 0 or more"):
        plan([work(runs=-1)], [], GPU)


def test_iterations_come_from_the_settings():
    assert iterations_of({"iterations": 300, "latent": 16}) == 300
    assert iterations_of({"bandwidth": 1.0}) == 1


# --- as text -----------------------------------------------------------------------------------------


def test_text_with_everything_known():
    rows = [work(), work("piad-cifar10", "large", 100_000, 30, 28_500_000)]
    text = render_plan(plan(rows, [rate(), rate(50, "large")], GPU))
    assert text == (
        "experiment    method  runs  iterations  it/s  hours      disk\n"
        "-------------------------------------------------------------\n"
        "piad-mnist    piad      30   1,500,000   100    4.2   30.0 MB\n"
        "piad-cifar10  piad      30   3,000,000    50   16.7  855.0 MB\n"
        "-------------------------------------------------------------\n"
        "total                   60   4,500,000         20.8  885.0 MB\n"
        "\n"
        "Hours are those of training on NVIDIA H100, one run at a time.\n"
        "Rate of piad-mnist: measured 2026-01-31 with torch 2.15.0 (float32).\n"
        "Rate of piad-cifar10: measured 2026-01-31 with torch 2.15.0 (float32).\n"
    )


def test_text_says_what_the_total_leaves_out():
    rows = [work(), work("kde-mnist", "kde-mnist", 1, 10, None, "kde")]
    text = render_plan(plan(rows, [rate()], GPU))
    kde, total = (line for line in text.splitlines() if line.startswith(("kde", "total")))
    assert kde.split("  ")[-1].strip() == "unknown"
    assert NO_RATE in kde
    assert "at least 4.2" in total
    assert "at least 30.0 MB" in total
    assert "No measured rate on NVIDIA H100, so not in the hours: kde-mnist (1 of 2 experiments)." in text
    assert "Models of unknown size, so not in the disk: kde-mnist (1 of 2 experiments)." in text


def test_text_without_any_rate():
    text = render_plan(plan([work()], [], CPU))
    total = next(line for line in text.splitlines() if line.startswith("total"))
    assert NO_RATE in total
    assert "at least" not in total
    assert (
        "No measured rate on x86-64, 2 cores, so not in the hours: piad-mnist (1 of 1 experiments)." in text
    )
    assert "Rate of" not in text


def test_text_of_no_runs():
    assert render_plan(plan([], [], GPU)) == "Nothing to run.\n"


@pytest.mark.parametrize(
    ("model_bytes", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_960, "1.0 MB"), (31_400_000, "31.4 MB"),
     (7_000_000_000, "7.0 GB"), (2 * 10**12, "2.0 TB")],
)  # fmt: skip
def test_sizes(model_bytes, shown):
    text = render_plan(plan([work(runs=1, model_bytes=model_bytes)], [rate()], GPU))
    assert text.splitlines()[2].endswith(f"  {shown}")


def test_a_short_training_is_not_shown_as_nothing():
    assert " < 0.1 " in render_plan(plan([work(iterations=300, runs=1)], [rate()], GPU))

from pathlib import Path

import numpy as np
import pytest

from encore.figures.extremes import draw, extremes_grid


def test_extremes_stand_above_each_other_a_column_a_loss():
    generator = np.random.default_rng(0)
    least, most = generator.integers(0, 256, (2, 24, 3, 32, 32), dtype=np.uint8)
    figure = extremes_grid({"MSE: 0.481": (least, most), "perc: 0.644": (most, least)}, "Cars")
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["MSE: 0.481", "perc: 0.644"]
    (image,) = figure.axes[0].get_images()
    np.testing.assert_array_equal(image.get_array()[:32, :32], least[0].transpose(1, 2, 0))
    np.testing.assert_array_equal(image.get_array()[34:66, :32], least[8].transpose(1, 2, 0))


def test_a_file_of_another_experiment():
    paths = [Path(f"runs/{name}/3/0/extremes.safetensors") for name in ("dualvae", "cvae")]
    entry = {"experiments": {"cvae": "CVAE", "dualvae": "DualVAE"}, "unit": "3", "title": "t"}
    with pytest.raises(ValueError, match=r"extremes\.safetensors is not of cvae, which stands at its place"):
        draw(None, entry, paths)

import numpy as np

from encore.figures.mosaic import GAP, mosaic


def group(n, channels=1, size=8, seed=0):
    images = np.random.default_rng(seed).integers(0, 256, (2, n, channels, size, size), dtype=np.uint8)
    return images[0], images[1]


def above(originals, reconstructions):
    return mosaic(np.concatenate([originals, reconstructions]), len(originals))


def test_a_mosaic_of_two_rows_puts_every_original_above_its_reconstruction():
    originals, reconstructions = group(3)
    canvas = above(originals, reconstructions)
    assert canvas.shape == (2 * 8 + GAP, 3 * 8 + 2 * GAP, 3)
    left = 8 + GAP
    for channel in range(3):
        np.testing.assert_array_equal(canvas[:8, left : left + 8, channel], originals[1, 0])
        np.testing.assert_array_equal(canvas[8 + GAP :, left : left + 8, channel], reconstructions[1, 0])
    assert (canvas[8 : 8 + GAP] == 255).all()
    assert (canvas[:, 8:left] == 255).all()


def test_a_mosaic_keeps_colours():
    originals, reconstructions = group(1, channels=3)
    np.testing.assert_array_equal(above(originals, reconstructions)[:8, :8], originals[0].transpose(1, 2, 0))

"""DualVAE's conditional inception score against Algorithm 2 by hand."""

import numpy as np
import pandas as pd
import pytest

from encore.metrics.cis import best_amount, cis_dualvae, transfer_matrices
from encore.metrics.transfer import measure

# One image and three domains: f(x), and in row i f(x^(i)).
ORIGINAL = np.array([[0.1, 0.5, 0.8]])
TRANSFERRED = np.array([[[0.7, 0.4, 0.8], [0.2, 0.9, 0.5], [0.1, 0.5, 0.7]]])


def outputs(images=5, domains=4, seed=0):
    random = np.random.default_rng(seed)
    return random.random((images, domains)), random.random((images, domains, domains))


def means(original, transferred):
    """CIS, ts and rs as the paper prints them: means over images."""
    scores = pd.DataFrame({"accuracy": 1.0, **cis_dualvae(original, transferred)})
    found = measure(scores, None, "")["score"]
    return {name: found[name] for name in ("CIS", "ts", "rs")}


def test_three_domains_by_hand():
    matrix = [[0.6, -0.1, 0.0], [0.1, 0.4, -0.3], [0.0, 0.0, -0.1]]
    np.testing.assert_allclose(transfer_matrices(ORIGINAL, TRANSFERRED), [matrix], atol=1e-15)
    found = cis_dualvae(ORIGINAL, TRANSFERRED)
    assert found["ts"] == pytest.approx([(0.6 + 0.4 - 0.1) / 3])
    assert found["rs"] == pytest.approx([-(0.1 + 0.0 + 0.1 + 0.3 + 0.0 + 0.0) / 6])
    assert means(ORIGINAL, TRANSFERRED)["CIS"] == pytest.approx(0.3 - 0.5 / 6)


def test_every_image_is_scored_by_itself_and_then_averaged():
    """The sign goes before the mean over images does: changes of opposite sign do not cancel."""
    original, transferred = outputs()
    each = [means(x[None], moved[None]) for x, moved in zip(original, transferred, strict=True)]
    for name, mean in means(original, transferred).items():
        assert mean == pytest.approx(np.mean([scores[name] for scores in each]))
    there_and_back = np.array([[[0.5, 0.7], [0.5, 0.5]], [[0.5, 0.3], [0.5, 0.5]]])
    found = means(np.full((2, 2), 0.5), there_and_back)
    assert found == pytest.approx({"CIS": -0.1, "ts": 0.0, "rs": -0.1})


def test_a_model_that_changes_nothing_scores_nothing():
    original, _ = outputs()
    found = means(original, np.repeat(original[:, None], 4, axis=1))
    assert found == {"CIS": 0, "ts": 0, "rs": 0}


def test_the_order_of_domains_and_of_images_does_not_matter():
    original, transferred = outputs()
    expected = means(original, transferred)
    domains, images = [2, 0, 3, 1], [4, 1, 0, 3, 2]
    reordered = means(original[:, domains], transferred[:, domains][:, :, domains])
    assert reordered == pytest.approx(expected)
    assert means(original[images], transferred[images]) == pytest.approx(expected)


def test_rows_are_domains_of_the_transfer_and_columns_those_of_the_classifier():
    """Only the image transferred to domain 0 changes: it loses domain 1."""
    transferred = np.full((1, 2, 2), 0.5)
    transferred[0, 0, 1] = 0.1
    swapped = transferred.transpose(0, 2, 1)
    original = np.array([[0.5, 0.3]])
    assert cis_dualvae(original, transferred)["rs"] == pytest.approx([-(0.2 + 0.0) / 2])
    assert cis_dualvae(original, swapped)["rs"] == pytest.approx([-(0.2 + 0.4) / 2])


@pytest.mark.parametrize("change", [-0.2, 0.2])
def test_the_domain_asked_for_should_rise_and_no_other_change(change):
    original, _ = outputs(images=1)
    base = means(original, np.repeat(original[:, None], 4, axis=1))
    on, off = (np.repeat(original[:, None], 4, axis=1) for _ in range(2))
    on[0, 2, 2] += change
    off[0, 2, 1] += change
    asked, other = means(original, on), means(original, off)
    assert asked["CIS"] - base["CIS"] == pytest.approx(change / 4)
    assert asked["rs"] == 0
    assert other["CIS"] == pytest.approx(-abs(change) / 12)
    assert other["ts"] == 0


def test_the_best_and_the_worst_of_probabilities():
    """From -2 to 1: all domains absent and each alone set, against all domains turned over."""
    assert means(np.zeros((1, 3)), np.eye(3)[None])["CIS"] == 1
    ones_turned = means(np.ones((1, 3)), np.zeros((1, 3, 3)))
    assert ones_turned == {"CIS": -2, "ts": -1, "rs": -1}


def test_shapes_that_do_not_fit_are_refused():
    original, transferred = outputs()
    with pytest.raises(ValueError, match=r"\(5, 4\) on the images and \(5, 4, 3\)"):
        cis_dualvae(original, transferred[:, :, :3])
    with pytest.raises(ValueError, match="one domain"):
        cis_dualvae(original[:, :1], transferred[:, :1, :1])


def test_an_output_that_is_not_a_number_gives_no_number():
    original, transferred = outputs()
    transferred[0, 0, 0] = np.nan
    found = means(original, transferred)
    assert np.isnan(found["CIS"])


def test_the_best_amount_is_that_of_highest_cis_and_the_smaller_of_two():
    assert best_amount({0.1: -0.1, 5: 0.3, 20: 0.2}) == 5
    assert best_amount({10: 0.3, 5: 0.3, 20: 0.2}) == 5
    assert best_amount({10: np.nan, 5: -0.3, 20: -0.4}) == 5
    assert np.isnan(best_amount({10: np.nan}))

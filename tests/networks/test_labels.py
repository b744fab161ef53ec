"""Labels, some of them missing: their loss by hand in float64, and what changing one leaves as it is."""

import torch

from encore.networks.labels import label_loss, with_label

NAN = float("nan")


def test_label_loss_sums_over_known_labels_and_averages_over_images():
    logits = torch.tensor([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]], dtype=torch.float64)
    y = torch.tensor([[1.0, 0.0, NAN], [NAN, 0.0, 1.0]], dtype=torch.float64)
    p = 1 / (1 + (-logits).exp())
    expected = -(p[0, 0].log() + (1 - p[0, 1]).log() + (1 - p[1, 1]).log() + p[1, 2].log()) / 2
    torch.testing.assert_close(label_loss(logits, y), expected)


def test_missing_labels_have_neither_loss_nor_gradient():
    logits = torch.randn(3, 2, requires_grad=True)
    loss = label_loss(logits, torch.tensor([[NAN, NAN], [1.0, NAN], [NAN, NAN]]))
    loss.backward()
    assert torch.equal(logits.grad != 0, torch.tensor([[False, False], [True, False], [False, False]]))


def test_with_label_changes_one_label_of_every_image():
    y = torch.tensor([[0.0, 1.0], [1.0, NAN]])
    assert with_label(y, 1, False).tolist() == [[0, 0], [1, 0]]
    assert with_label(y, 0, True)[:, 0].tolist() == [1, 1]
    assert y[0].tolist() == [0, 1]
    assert y[1].isnan().tolist() == [False, True]

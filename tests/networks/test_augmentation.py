"""What is done to training images: whole images are mirrored, as often as is asked."""

import torch

from encore.networks.augmentation import mirror


def test_mirror_turns_whole_images_left_to_right():
    x = torch.randn(200, 2, 3, 4)
    turned = mirror(x, 0.25, torch.Generator().manual_seed(0))
    backwards = x[..., [3, 2, 1, 0]]
    chosen = (turned == backwards).flatten(1).all(1)
    assert 30 < chosen.sum() < 70
    assert torch.equal(turned[~chosen], x[~chosen])
    assert torch.equal(mirror(x, 0, torch.Generator()), x)
    assert torch.equal(mirror(x, 1, torch.Generator()), backwards)

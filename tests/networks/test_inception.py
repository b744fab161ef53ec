"""The network of Inception Score and FID with random weights, and both ways by which images come to it."""

import numpy as np
import pytest
import torch
from pytorch_fid import inception as pytorch_fid

from encore.datasets.pretrained import PRETRAINED, fetch_pretrained
from encore.datasets.read import read_unchecked
from encore.metrics.inception import ClassSums
from encore.networks.inception import CLASSES, Inception, resize_as_tensorflow_1

IMAGES = torch.randint(0, 256, (2, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def network(random_inception):
    return Inception(random_inception)


@pytest.fixture(scope="module")
def published(random_inception):
    """pytorch-fid's own network, which is handed the weights where it would download them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytorch_fid, "load_state_dict_from_url", lambda *_, **__: random_inception)
        return pytorch_fid.InceptionV3().eval()


@torch.no_grad()
def test_features_are_those_of_pytorch_fid(network, published):
    (expected,) = published(IMAGES / 255)  # its script gives it images from 0 to 1
    found = network.features(IMAGES)
    assert found.shape == (2, 2048)
    assert found.std() > 0.01
    torch.testing.assert_close(found, expected.flatten(1), rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_logits_are_the_last_layer_without_its_bias_after_tensorflows_resize(
    network, published, random_inception
):
    """pytorch-fid's blocks, without its preprocessing, on images that NumPy has resized."""
    seen = torch.from_numpy((resized(IMAGES.numpy().astype(float), 299) - 128) / 128).float()
    published.resize_input = published.normalize_input = False
    try:
        (pooled,) = published(seen)
    finally:
        published.resize_input = published.normalize_input = True
    expected = pooled.flatten(1) @ random_inception["fc.weight"].T
    found = network.logits(IMAGES)
    assert found.shape == (2, CLASSES)
    assert found.std() > 0.01
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)


def test_grey_images_are_shown_in_three_channels(network):
    grey = IMAGES[:1, :1]
    assert torch.equal(network.logits(grey), network.logits(grey.repeat(1, 3, 1, 1)))


def test_nothing_of_the_network_learns_or_draws(network):
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_other_weights_are_refused(random_inception):
    lacking = dict(random_inception)
    del lacking["Mixed_7c.branch1x1.conv.weight"]
    with pytest.raises(RuntimeError, match=r"Missing key.*Mixed_7c\.branch1x1\.conv\.weight"):
        Inception(lacking)


@pytest.mark.realdata
def test_the_inception_score_of_cifar10_is_the_documented_one(real_data):
    """torch-fidelity documents 11.23678; the paper prints 11.24. A minute on a GPU, hours on a CPU."""
    weights = real_data / "inception_fid" / PRETRAINED["inception_fid"].name
    binary = real_data / "cifar10" / "cifar-10-batches-bin"
    if not weights.is_file() or not binary.is_dir():
        pytest.skip(f"it needs {weights} and {binary}")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = Inception(fetch_pretrained("inception_fid", real_data)[1]).to(device)
    images = torch.from_numpy(read_unchecked("cifar10", real_data).pixels[:50000].transpose(0, 3, 1, 2))
    sums = ClassSums(len(images), 10, 2020, CLASSES, device)
    for batch in images.split(100):
        sums.add(network.logits(batch.to(device)).double().softmax(dim=1))
    assert sums.scores().mean() == pytest.approx(11.2368, abs=0.005)


# --- TensorFlow 1's resize ---------------------------------------------------------------------------


def resized(images, side):
    """TensorFlow 1's bilinear resize as a matrix that is filled entry by entry: (B, C, S, S) float64."""
    length = images.shape[-1]
    shares = np.zeros((side, length))
    for place in range(side):
        low = int(place * length / side)
        beyond = place * length / side - low
        shares[place, low] += 1 - beyond
        shares[place, min(low + 1, length - 1)] += beyond
    return shares @ images @ shares.T


def test_two_pixels_become_four_as_tensorflow_1_has_it():
    """By hand: at 0, 0.5, 1 and 1.5, beyond the last; with half pixels it would be 0, 25, 75, 100."""
    image = torch.tensor([[[[0.0, 100.0], [0.0, 100.0]]]])
    assert resize_as_tensorflow_1(image, 4)[0, 0].tolist() == [[0, 50, 100, 100]] * 4
    assert resize_as_tensorflow_1(image.transpose(2, 3), 4)[0, 0, :, 0].tolist() == [0, 50, 100, 100]


@pytest.mark.parametrize(("length", "side"), [(5, 13), (32, 47), (13, 5), (7, 7)])
def test_the_resize_is_that_matrix(length, side):
    images = np.random.default_rng(length).uniform(0, 255, (2, 3, length, length))
    found = resize_as_tensorflow_1(torch.from_numpy(images).float(), side)
    np.testing.assert_allclose(found.numpy(), resized(images, side), rtol=1e-5, atol=1e-3)

"""Networks that grow, against the released code's layers and by hand."""

import itertools
import math

import pytest
import torch
from torch.nn import functional as F

from encore.networks.progressive import (
    EqualisedConv2d,
    GrowingEncoder,
    GrowingGenerator,
    MinibatchDeviation,
    PixelNorm,
    doubled,
    in_use,
    shrunk,
    stages_of,
)
from encore.strict import ConfigError

RELEASED = [512, 512, 512, 512, 256, 128, 64]  # filters from 4 to 256 pixels
LATENT = 512


def count(parameters):
    return sum(parameter.numel() for parameter in parameters)


def random_images(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2 - 1


# --- layers ------------------------------------------------------------------------------------------


def test_a_convolution_is_scaled_when_it_is_used():
    torch.manual_seed(0)
    convolution = EqualisedConv2d(40, 50, 3).double()
    assert convolution.weight.std().item() == pytest.approx(1, abs=0.02)
    assert not convolution.bias.any()
    x = random_images(2, 40, 5, 5)
    plain = F.conv2d(x, convolution.weight * math.sqrt(2 / (40 * 9)), padding=1)
    torch.testing.assert_close(convolution(x), plain)


def test_pixel_norm_leaves_every_pixel_a_mean_square_of_one():
    x = random_images(2, 7, 3, 3) * 9
    torch.testing.assert_close(PixelNorm()(x), F.normalize(x, dim=1) * math.sqrt(7), rtol=1e-6, atol=1e-8)


def test_minibatch_deviation_is_one_number_in_one_more_map():
    x = random_images(4, 3, 2, 2)
    found = MinibatchDeviation()(x)
    assert torch.equal(found[:, :3], x)
    expected = x.std(dim=0, correction=0).mean()
    torch.testing.assert_close(found[:, 3], expected.expand(4, 2, 2), rtol=1e-6, atol=0)


def test_images_shrink_to_their_middle_pixels_as_pillow_does():
    from PIL import Image

    image = torch.arange(64, dtype=torch.uint8).view(8, 8)
    for side in (8, 4, 2):
        pillow = Image.fromarray(image.numpy()).resize((side, side), Image.Resampling.NEAREST)
        assert shrunk(image[None, None], side).flatten().tolist() == list(pillow.tobytes())


def test_a_side_is_four_doubled_some_times():
    assert [stages_of(side) for side in (4, 8, 256, 1024)] == [1, 2, 7, 9]
    for side in (0, 2, 3, 6, 12, 255):
        with pytest.raises(ConfigError, match=f"image_size = {side}: networks that grow need 4, 8"):
            stages_of(side)


# --- the released code's networks --------------------------------------------------------------------


def blocks_of_generator(stage):
    """Parameters by hand: a dense layer and a convolution, then two convolutions a stage, and colours."""
    total = (LATENT + 1) * 512 * 16 + (512 * 9 + 1) * 512
    for before, after in itertools.pairwise(RELEASED[: stage + 1]):
        total += (before * 9 + 1) * after + (after * 9 + 1) * after
    return total + (RELEASED[stage] + 1) * 3


def blocks_of_encoder(stage, out, maps):
    total = ((512 + maps) * 9 + 1) * 512 + (512 * 16 + 1) * 512 + (512 + 1) * out
    for below, own in itertools.pairwise(RELEASED[: stage + 1]):
        total += (own * 9 + 1) * own + (own * 9 + 1) * below
    return total + (3 + 1) * RELEASED[stage]


@pytest.mark.parametrize("stage", range(7))
def test_parameters_by_stage_are_those_of_the_released_code(stage):
    with torch.device("meta"):
        generator = GrowingGenerator(LATENT, RELEASED, 3)
        encoder = GrowingEncoder(3, RELEASED, LATENT, critic=False)
        critic = GrowingEncoder(3, RELEASED, 1, critic=True)
    found = {}
    for name, network in (("G", generator), ("D", critic), ("E", encoder)):
        own = in_use(network, stage)
        older = network.colours[stage - 1].parameters() if stage else []  # what it fades from
        found[name] = count(own) - count(older)
    expected = {
        "G": blocks_of_generator(stage),
        "D": blocks_of_encoder(stage, 1, 1),
        "E": blocks_of_encoder(stage, LATENT, 0),
    }
    assert found == expected
    if stage == 6:
        assert {name: round(number / 1e6, 2) for name, number in found.items()} == {
            "G": 23.04, "D": 23.04, "E": 23.30,
        }  # fmt: skip


@pytest.mark.parametrize("stage", range(7))
def test_shapes_by_stage(stage):
    side = 4 << stage
    with torch.device("meta"):
        image = GrowingGenerator(LATENT, RELEASED, 3)(torch.empty(2, LATENT), stage)
        assert image.shape == (2, 3, side, side)
        assert GrowingEncoder(3, RELEASED, LATENT, critic=False)(image, stage).shape == (2, LATENT)
        assert GrowingEncoder(3, RELEASED, 1, critic=True)(image, stage).shape == (2,)


def conv(x, layer):
    """A convolution as the code computes it, with its leaky ReLU of slope 0.2."""
    kernel = layer.weight * math.sqrt(2 / layer.weight[0].numel())
    y = F.conv2d(x, kernel, layer.bias, padding=layer.weight.shape[-1] // 2)
    return torch.where(y > 0, y, 0.2 * y)


def normed(x):
    return x / torch.sqrt((x**2).mean(dim=1, keepdim=True) + 1e-8)


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x)


def weights_of(network, kind):
    return [module for module in network.modules() if isinstance(module, kind)]


def test_the_generator_by_hand():
    """Dense, leaky; then every convolution, leaky, pixel norm, also before the colours, which are linear."""
    generator, _, _ = small_networks()
    for parameter in generator.parameters():
        torch.nn.init.normal_(parameter)  # biases, too
    z = random_images(3, 7)
    (dense,), blocks = weights_of(generator, torch.nn.Linear), generator.blocks
    convolutions = [weights_of(block, EqualisedConv2d) for block in blocks]
    x = leaky(z @ dense.weight.T + dense.bias).view(3, 6, 4, 4)
    x = normed(conv(x, convolutions[0][0]))
    x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    for layer in convolutions[1]:
        x = normed(conv(x, layer))
    colour = generator.colours[1]
    kernel = colour.weight * math.sqrt(2 / 5)
    torch.testing.assert_close(generator(z, 1), F.conv2d(x, kernel, colour.bias), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("which", [1, 2])
def test_encoder_and_critic_by_hand(which):
    """Colours, leaky; two convolutions, leaky, mean of four; the last block with two dense layers."""
    network = small_networks()[which]
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    x = random_images(3, 2, 8, 8)
    y = conv(x, network.colours[1][0])
    for layer in weights_of(network.blocks[1], EqualisedConv2d):
        y = conv(y, layer)
    y = y.view(3, 6, 4, 2, 4, 2).mean(dim=(3, 5))
    if which == 2:
        deviation = torch.sqrt(y.var(dim=0, correction=0) + 1e-8).mean()
        y = torch.cat([y, deviation.expand(3, 1, 4, 4)], dim=1)
    y = conv(y, *weights_of(network.blocks[0], EqualisedConv2d)).flatten(1)
    first, second = weights_of(network.blocks[0], torch.nn.Linear)
    y = leaky(y @ first.weight.T + first.bias) @ second.weight.T + second.bias
    found = network(x, 1)
    torch.testing.assert_close(found, y if which == 1 else y[:, 0], rtol=1e-10, atol=1e-10)


# --- fading in ---------------------------------------------------------------------------------------


def small_networks():
    torch.manual_seed(1)
    filters = [6, 5, 4]
    return (
        GrowingGenerator(7, filters, 2).double(),
        GrowingEncoder(2, filters, 7, critic=False).double(),
        GrowingEncoder(2, filters, 1, critic=True).double(),
    )


@pytest.mark.parametrize("stage", [1, 2])
def test_a_stage_begins_where_the_one_before_ends(stage):
    """At fade 0 the difference is none: of images, of latents, and of what the critic says."""
    generator, encoder, critic = small_networks()
    z, x = random_images(3, 7), random_images(3, 2, 4 << stage, 4 << stage, seed=2)
    assert torch.equal(generator(z, stage, 0.0), doubled(generator(z, stage - 1)))
    for network in (encoder, critic):
        assert torch.equal(network(x, stage, 0.0), network(F.avg_pool2d(x, 2), stage - 1))


def test_what_fades_in_is_mixed_by_its_share():
    generator, encoder, _ = small_networks()
    z, x = random_images(3, 7), random_images(3, 2, 8, 8, seed=2)
    old, new = generator(z, 1, 0.0), generator(z, 1, 1.0)
    torch.testing.assert_close(generator(z, 1, 0.3), 0.3 * new + 0.7 * old)
    of_new = encoder.blocks[1](encoder.colours[1](x))
    of_old = encoder.colours[0](F.avg_pool2d(x, 2))
    torch.testing.assert_close(encoder(x, 1, 0.3), encoder.blocks[0](0.3 * of_new + 0.7 * of_old))


def test_a_stage_learns_its_blocks_its_colours_and_those_it_fades_from():
    for network in small_networks():
        of = {id(parameter): name for name, parameter in network.named_parameters()}
        found = {".".join(of[id(parameter)].split(".")[:2]) for parameter in in_use(network, 2)}
        assert found == {"blocks.0", "blocks.1", "blocks.2", "colours.1", "colours.2"}
        assert {of[id(p)].split(".")[1] for p in in_use(network, 0)} == {"0"}

"""Fader Networks' layers against the tables of paper and code: shapes, counts, norms, conditioning."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from encore.methods.fadernet import Decoder, Encoder, LatentDiscriminator, attribute_code, check_side
from encore.strict import ConfigError

NAN = float("nan")
CODE = [32, 64, 128, 256, 512, 512]  # the released code's encoder for 256 pixels
PAPER = [16, 32, 64, 128, 256, 512, 512]  # Section 4


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def shapes_of(layers):
    seen = []
    for layer in layers:
        layer.register_forward_hook(lambda _module, _x, y: seen.append(tuple(y.shape[1:])))
    return seen


def test_layers_of_the_codes_table():
    encoder, decoder = Encoder(3, CODE).eval(), Decoder(3, CODE, 2).eval()
    discriminator = LatentDiscriminator(512, [512, 512], 512, 2, 0.3, None).eval()
    encoded, decoded, found = shapes_of(encoder), shapes_of(decoder), shapes_of(discriminator)
    with torch.no_grad():
        z = encoder(torch.zeros(1, 3, 256, 256))
        assert decoder(z, torch.zeros(1, 2)).shape == (1, 3, 256, 256)
        assert discriminator(z).shape == (1, 2)
    assert encoded == [(32, 128, 128), (64, 64, 64), (128, 32, 32), (256, 16, 16), (512, 8, 8), (512, 4, 4)]
    assert decoded == [(512, 8, 8), (256, 16, 16), (128, 32, 32), (64, 64, 64), (32, 128, 128), (3, 256, 256)]
    assert found == [(512, 2, 2), (512, 1, 1), (512,), (2, 2)]


def test_layers_of_the_papers_table():
    """Section 4: C16 to C512, a latent of 512 maps of 2x2, and one C512 in the discriminator."""
    with torch.device("meta"):
        z = Encoder(3, PAPER)(torch.zeros(2, 3, 256, 256))
        assert z.shape == (2, 512, 2, 2)
        assert LatentDiscriminator(512, [512], 512, 2, 0.3, None).eval()(z).shape == (2, 2)
    check_side(256, PAPER, [512])


def test_parameter_counts():
    """Kernels of 16 weights; scale and shift of a norm; the code's biases before a norm are left out."""
    with torch.device("meta"):
        pairs = 32 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512 * 512
        norms = 64 + 128 + 256 + 512 + 512
        assert count(Encoder(3, CODE)) == 16 * (3 * 32 + pairs) + 32 + 2 * norms == 6_984_096
        inputs = 516 * 512 + 516 * 256 + 260 * 128 + 132 * 64 + 68 * 32 + 36 * 3  # 2 x 2 attributes beside
        assert count(Decoder(3, CODE, 2)) == 16 * inputs + 2 * (512 + 256 + 128 + 64 + 32) == 7_046_784
        discriminator = LatentDiscriminator(512, [512, 512], 512, 2, 0.3, None)
        dense = 512 * 512 + 512 + 512 * 4 + 4
        assert count(discriminator) == 2 * (16 * 512 * 512 + 2 * 512) + dense == 8_655_364


def test_norms_slopes_and_biases_stand_where_the_table_has_them():
    encoder, decoder = Encoder(1, [4, 6, 8]), Decoder(1, [4, 6, 8], 3)
    discriminator = LatentDiscriminator(8, [8, 8], 5, 3, 0.3, None)

    def normed(layers):
        return [any(isinstance(part, nn.BatchNorm2d) for part in layer.modules()) for layer in layers]

    assert normed(encoder) == [False, True, True]
    assert normed(decoder) == [True, True, False]
    assert normed(discriminator) == [True, True, False, False]
    slopes = [part.negative_slope for n in (encoder, discriminator) for part in n.modules() if is_leaky(part)]
    assert slopes == [0.2] * 6
    assert isinstance(decoder[-1][-1], nn.Tanh)
    assert encoder[0][0].bias is not None
    assert all(layer[0].bias is None for layer in [*list(encoder)[1:], *decoder])


def is_leaky(part):
    return isinstance(part, nn.LeakyReLU)


def test_each_label_has_two_numbers_and_a_missing_one_has_none_of_them():
    y = torch.tensor([[0.0, 1.0, NAN], [NAN, 0.25, 1.0]])
    expected = [[1, 0, 0, 1, 0, 0], [0, 0, 0.75, 0.25, 0, 1]]
    assert attribute_code(y).tolist() == expected


def test_the_code_enters_every_layer_of_the_decoder():
    decoder = Decoder(1, [4, 6], 2).double()
    y = torch.tensor([[1.0, 0.0], [0.0, NAN], [1.0, 1.0]], dtype=torch.float64)
    z = torch.randn(3, 6, 2, 2, dtype=torch.float64)
    code = torch.tensor([[0, 1, 1, 0], [1, 0, 0, 0], [0, 1, 0, 1]], dtype=torch.float64)

    def conditioned(maps):
        side = maps.shape[-1]
        return torch.cat([maps, code.view(3, 4, 1, 1) * torch.ones(side, side, dtype=torch.float64)], 1)

    first, last = decoder[0][0].weight, decoder[1][0].weight
    hidden = F.conv_transpose2d(conditioned(z), first, stride=2, padding=1)
    mean, variance = hidden.mean((0, 2, 3), keepdim=True), hidden.var((0, 2, 3), unbiased=False, keepdim=True)
    hidden = ((hidden - mean) / (variance + 1e-5).sqrt()).clamp(min=0)
    expected = torch.tanh(F.conv_transpose2d(conditioned(hidden), last, stride=2, padding=1))
    torch.testing.assert_close(decoder(z, y), expected)
    assert decoder(z, y).shape == (3, 1, 8, 8)


def test_logits_are_those_of_a_softmax_over_two_outputs():
    discriminator = LatentDiscriminator(3, [4], 5, 2, 0.3, None).double().eval()
    z = torch.randn(4, 3, 2, 2, dtype=torch.float64)
    hidden = discriminator[1](discriminator[0](z))
    outputs = hidden @ discriminator[2][0].weight.T + discriminator[2][0].bias
    probability = outputs.view(4, 2, 2).softmax(2)[:, :, 1]
    torch.testing.assert_close(discriminator(z).sigmoid(), probability)


def test_dropout_follows_every_convolution_and_draws_from_its_own_generator():
    z = torch.randn(4, 3, 4, 4)
    torch.manual_seed(0)
    discriminator = LatentDiscriminator(3, [4, 4], 5, 2, 0.5, torch.Generator().manual_seed(1))
    zeros = []
    for layer in list(discriminator)[:2]:
        layer.register_forward_hook(lambda _module, _x, y: zeros.append((y == 0).float().mean().item()))
    first = discriminator(z)
    assert all(0.2 < share < 0.8 for share in zeros)
    discriminator[0][1].random.manual_seed(1)
    assert torch.equal(discriminator(z), first)
    assert not torch.equal(discriminator(z), first)


@pytest.mark.parametrize(("side", "filters", "of_discriminator"), [(256, CODE, [512, 512]), (8, [4, 8], [8])])
def test_sides_that_fit(side, filters, of_discriminator):
    check_side(side, filters, of_discriminator)


def test_a_side_that_is_not_halved_to_one_pixel_is_refused():
    message = r"filters = \[4, 8\] and discriminator_filters = \[8\] halve images of 8 pixels to one"
    with pytest.raises(ConfigError, match=message):
        check_side(64, [4, 8], [8])

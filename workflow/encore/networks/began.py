"""BEGAN's encoder and decoder (Berthelot et al. 2017), layer by layer as carpedm20/BEGAN-tensorflow has them.

An exponential linear unit follows every convolution of 3 x 3 but a decoder's last. There is no normalisation:
what becomes of an image depends neither on the images beside it nor on whether the networks are training. A
convolution of stride 2 has a pixel of padding on every side; TensorFlow's "same" has it at the right and the
bottom alone.
"""

from torch import nn

from encore.strict import ConfigError

INNER = 8  # side of the smallest map, pixels


def blocks_of(side: int) -> int:
    """r, blocks of an encoder or decoder for images of `side` pixels: 3 for 32, 4 for 64, 5 for 128.

    ConfigError for a side that is not 8 doubled some times.
    """
    blocks = side.bit_length() - 3
    if side < INNER or side != INNER << (blocks - 1):
        raise ConfigError([f"image_size = {side}: these networks need 8, 16, 32, 64, 128 ... pixels."])
    return blocks


class BeganEncoder(nn.Sequential):
    """image (B, C, S, S) -> (B, out), linear; filters: n of the first block, k n of block k."""

    def __init__(self, channels: int, filters: int, out: int, side: int):
        blocks, layers, before = blocks_of(side), [*_conv_elu(channels, filters)], filters
        for block in range(1, blocks + 1):
            own = block * filters
            layers += [*_conv_elu(before, own), *_conv_elu(own, own)]
            if block < blocks:
                layers += _conv_elu(own, own, stride=2)
            before = own
        super().__init__(*layers, nn.Flatten(), nn.Linear(before * INNER**2, out))


class BeganDecoder(nn.Sequential):
    """z (B, latent) -> image (B, C, S, S), linear; filters: n of every block."""

    def __init__(self, latent: int, filters: int, channels: int, side: int):
        blocks = blocks_of(side)
        layers = [nn.Linear(latent, filters * INNER**2), nn.Unflatten(1, (filters, INNER, INNER))]
        for block in range(1, blocks + 1):
            layers += [*_conv_elu(filters, filters), *_conv_elu(filters, filters)]
            if block < blocks:
                layers.append(nn.UpsamplingNearest2d(scale_factor=2))
        super().__init__(*layers, nn.Conv2d(filters, channels, 3, padding=1))


def _conv_elu(before: int, after: int, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 3, stride, padding=1), nn.ELU()]


def initialise(network: nn.Module) -> nn.Module:
    """Weights from Glorot's uniform distribution, biases 0: the defaults of that code's layers."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return network

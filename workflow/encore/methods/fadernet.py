"""Fader Networks (Lample et al. 2017), in the order of its Section 3.2.

An autoencoder whose decoder is told the attributes of the image, and a discriminator that looks for them in
the latent: the encoder learns to leave them out, so that the decoder must take them from what it is told. An
image is edited by telling the decoder something else.

What the paper calls a squared norm is a mean over pixels in the released code; over their sum, lambda_E of
0.0001 would weigh nothing. As there, each update has images of its own, the autoencoder is in evaluation mode
while the discriminator learns, and the other way round. The code's choice of the best epoch, by a classifier,
is left out: the last iteration counts.

The paper has no missing labels. Here the decoder is told [0, 0] for one, and its terms in both losses are 0.

The networks are those of the released code (Section 4). Weights are PyTorch's default. The code also has a
bias before every batch norm, which takes it away again: it is left out here, as in
`encore.networks.efficientgan_mnist`.
"""

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.augmentation import mirror
from encore.networks.dropout import Dropout
from encore.networks.labels import label_loss, with_label
from encore.strict import ConfigError

NEGATIVE_SLOPE = 0.2  # of the encoder's and the discriminator's Leaky ReLUs (Section 4)
KERNEL = {"kernel_size": 4, "stride": 2, "padding": 1}  # of every convolution (Section 4)

# --- networks ----------------------------------------------------------------------------------------


def check_side(side: int, filters: Sequence[int], discriminator_filters: Sequence[int]) -> None:
    """ConfigError for images that these networks do not fit."""
    reached = 2 ** (len(filters) + len(discriminator_filters))
    if side != reached:
        raise ConfigError(
            [
                f"filters = {filters} and discriminator_filters = {discriminator_filters} halve images of "
                f"{reached} pixels to one, images have {side}."
            ]
        )


def attribute_code(y: Tensor) -> Tensor:
    """Labels (B, n) -> (B, 2n), two numbers a label: [1, 0] for 0, [0, 1] for 1, [0, 0] if missing (NaN)."""
    return torch.stack([1 - y, y], dim=2).flatten(1).nan_to_num()


def _halve(in_filters: int, out_filters: int) -> nn.Sequential:
    """A layer of the encoder or the discriminator, to half the side."""
    return nn.Sequential(
        nn.Conv2d(in_filters, out_filters, **KERNEL, bias=False),
        nn.BatchNorm2d(out_filters),
        nn.LeakyReLU(NEGATIVE_SLOPE),
    )


class Encoder(nn.Sequential):
    """image (B, C, S, S) -> z (B, filters[-1], s, s), s = S / 2^len(filters); the first layer has no norm."""

    def __init__(self, channels: int, filters: Sequence[int]):
        super().__init__(
            nn.Sequential(nn.Conv2d(channels, filters[0], **KERNEL), nn.LeakyReLU(NEGATIVE_SLOPE)),
            *(_halve(a, b) for a, b in itertools.pairwise(filters)),
        )


class Decoder(nn.ModuleList):
    """(z of an `Encoder` with these filters, labels (B, n_labels)) -> image (B, C, S, S) in [-1, 1]."""

    def __init__(self, channels: int, filters: Sequence[int], n_labels: int):
        code = 2 * n_labels
        inner = (
            nn.Sequential(nn.ConvTranspose2d(a + code, b, **KERNEL, bias=False), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in itertools.pairwise(filters[::-1])
        )
        last = nn.ConvTranspose2d(filters[0] + code, channels, **KERNEL, bias=False)
        super().__init__([*inner, nn.Sequential(last, nn.Tanh())])

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        code = attribute_code(y)[:, :, None, None]
        for layer in self:
            z = layer(torch.cat([z, code.expand(-1, -1, *z.shape[2:])], dim=1))
        return z


class LatentDiscriminator(nn.Sequential):
    """z -> (B, n_labels), the logit of each label's being 1.

    in_filters: maps of z; filters: of the convolutions, which take z to one pixel; units: of the hidden dense
    layer; p: of every dropout; random: draws its masks, None where nothing is trained.

    A label has two outputs, as in the released code; their difference is the logit of their softmax.
    """

    def __init__(
        self,
        in_filters: int,
        filters: Sequence[int],
        units: int,
        n_labels: int,
        p: float,
        random: torch.Generator | None,
    ):
        super().__init__(
            *(
                nn.Sequential(_halve(a, b), Dropout(p, random))
                for a, b in itertools.pairwise([in_filters, *filters])
            ),
            nn.Sequential(nn.Flatten(), nn.Linear(filters[-1], units), nn.LeakyReLU(NEGATIVE_SLOPE)),
            nn.Sequential(nn.Linear(units, 2 * n_labels), nn.Unflatten(1, (n_labels, 2))),
        )

    def forward(self, z: Tensor) -> Tensor:
        of_0, of_1 = super().forward(z).unbind(dim=2)
        return of_1 - of_0


# --- the method --------------------------------------------------------------------------------------


class FaderNetworks(NetworkMethod):
    """Autoencoder with attribute-invariant latents. Settings come from the paper's YAML; see SETTINGS."""

    LABELLED = True
    SETTINGS = {
        "filters": ("counts", "filters of the encoder's convolutions, each of which halves the side"),
        "discriminator_filters": ("counts", "filters of the discriminator's convolutions, down to one pixel"),
        "discriminator_units": ("count", "units of the discriminator's hidden dense layer"),
        "dropout": ("share", "share of the discriminator's activations that each dropout zeroes"),
        "iterations": ("count", "updates of encoder and decoder"),
        "batch_size": ("count", "images a batch"),
        "n_dis": ("count", "updates of the discriminator before each update of encoder and decoder"),
        "mirror": ("probability", "probability with which a training image is mirrored left to right"),
        "learning_rate": ("positive", "Adam's step size, all networks"),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "gradient_norm": (
            "positive",
            "greatest Euclidean norm of an update's gradient; a longer one is shortened to it",
        ),
        "lambda_e": ("nonnegative", "lambda_E, weight of the adversarial term, at its greatest"),
        "lambda_iterations": ("count", "iterations over which lambda_E rises linearly from 0"),
    }
    KEPT = ("encoder", "decoder")

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.encoder, self.decoder, self.discriminator = self.networks.values()
        self.optimizers = {
            "discriminator": self._adam(self.discriminator.parameters()),
            "autoencoder": self._adam([*self.encoder.parameters(), *self.decoder.parameters()]),
        }
        self.iteration = 0

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """Encoder, decoder and discriminator; `random` draws the dropout."""
        channels, side, _ = shape
        filters, of_discriminator = settings["filters"], settings["discriminator_filters"]
        check_side(side, filters, of_discriminator)
        return nn.ModuleDict(
            {
                "encoder": Encoder(channels, filters),
                "decoder": Decoder(channels, filters, n_labels),
                "discriminator": LatentDiscriminator(
                    filters[-1],
                    of_discriminator,
                    settings["discriminator_units"],
                    n_labels,
                    settings["dropout"],
                    random,
                ),
            }
        )

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for every update."""
        return (self.settings["n_dis"] + 1) * self.settings["batch_size"]

    @property
    def lambda_e(self) -> float:
        """lambda_E of the next update of encoder and decoder (Section 4, discriminator cost scheduling)."""
        return self.settings["lambda_e"] * min(1.0, self.iteration / self.settings["lambda_iterations"])

    # Section 3.2, learning algorithm

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One iteration on `x` (images_per_step, C, S, S) in [-1, 1] and labels `y`; losses as 0-d tensors.

        y: (images_per_step, n_labels) of 0 and 1, NaN where one is missing.
        """
        x = mirror(x, self.settings["mirror"], self.random)
        size = self.settings["batch_size"]
        *of_discriminator, last = zip(x.split(size), y.split(size), strict=True)
        for batch in of_discriminator:
            loss_dis = self._update_discriminator(*batch)
        losses = {"discriminator": loss_dis} | self._update_autoencoder(*last)
        self.iteration += 1
        return {name: value.detach() for name, value in losses.items()}

    def _update_discriminator(self, x: Tensor, y: Tensor) -> Tensor:
        """The discriminator objective: -log P_dis(y | E(x))."""
        self.networks.eval()
        self.discriminator.train()
        with torch.no_grad():
            z = self.encoder(x)
        loss = label_loss(self.discriminator(z), y)
        self._descend("discriminator", loss)
        return loss

    def _update_autoencoder(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The adversarial objective: ||D(E(x), y) - x||^2 - lambda_E log P_dis(1 - y | E(x))."""
        self.networks.train()
        self.discriminator.eval()
        z = self.encoder(x)
        reconstruction = (self.decoder(z, y) - x).square().mean()
        adversarial = label_loss(self.discriminator(z), 1 - y)
        self._descend("autoencoder", reconstruction + self.lambda_e * adversarial)
        return {"reconstruction": reconstruction, "adversarial": adversarial}

    def _update(self, name: str, gradients: Sequence[Tensor]) -> None:
        """One step of the optimizer `name` along a gradient that is no longer than allowed."""
        norm = nn.utils.get_total_norm(gradients)
        share = (self.settings["gradient_norm"] / (norm + 1e-6)).clamp(max=1)  # as clip_grad_norm_ has it
        super()._update(name, [gradient * share for gradient in gradients])

    # After training

    @torch.no_grad()
    def reconstruct(self, x: Tensor, y: Tensor) -> Tensor:
        """D(E(x), y), with labels (B, n_labels), NaN where one is missing; (B, C, S, S) -> the same shape."""
        self.networks.eval()
        return self.decoder(self.encoder(x), y)

    def edit(self, x: Tensor, y: Tensor, domain: int, value: bool) -> Tensor:
        """Images with the attribute `domain` set to `value`; (B, C, S, S) -> the same shape, in [-1, 1].

        y: (B, n_labels), the labels that the images have, NaN where one is missing.
        """
        return self.reconstruct(x, with_label(y, domain, value))

    # State

    def state(self) -> dict[str, Tensor]:
        """As of every method, and the iteration, on which lambda_E depends."""
        return super().state() | {"iteration": torch.tensor(self.iteration)}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        super().load_state(tensors)
        self.iteration = int(tensors["iteration"])

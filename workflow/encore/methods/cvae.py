"""The conditional variational autoencoder (Kingma et al. 2014) that DualVAE is compared with.

As Okamoto et al. (2019, Section 2) describe it: the latent z is inferred from an image x and its labels y,
and x is reconstructed from z and y. An image is transferred by changing labels. The networks are DualVAE's
but for the labels that go in, since the paper prints none for either.
"""

import torch
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.gaussian import divergence, draw
from encore.networks.labels import with_label
from encore.networks.residual_autoencoder import ResidualDecoder, ResidualEncoder, gaussian_log_likelihood


def label_code(y: Tensor) -> Tensor:
    """Labels as the networks see them: -1 for 0, 1 for 1, and 0 for one that is missing, which is NaN.

    The paper does not say what a CVAE makes of a missing label; here it stands midway, which says nothing.
    """
    return (2 * y - 1).nan_to_num(nan=0.0)


class CVAE(NetworkMethod):
    """Conditional variational autoencoder. Settings come from the paper's YAML; see SETTINGS."""

    LABELLED = True
    SETTINGS = {
        "latent": ("count", "entries of the latent z, prior N(0, I)"),
        "filters": (
            "counts",
            "filters of the encoder's residual blocks, each halves the side; the decoder mirrors them",
        ),
        "pixel_deviation": ("positive", "standard deviation of p(x | z, y), in the range of the pixels"),
        "iterations": ("count", "updates of encoder and decoder"),
        "batch_size": ("count", "images a batch"),
        "learning_rate": ("positive", "Adam's step size"),
        "betas": ("betas", "Adam's decay rates of both moments"),
    }

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.encoder, self.decoder = self.networks.values()
        self.optimizers = {"adam": self._adam(self.networks.parameters())}

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """Encoder of an image with a map for each label, decoder of a latent with a number for each label."""
        channels, side, _ = shape
        latent, filters = settings["latent"], settings["filters"]
        return nn.ModuleDict(
            {
                "encoder": ResidualEncoder(channels + n_labels, filters, 2 * latent, side),
                "decoder": ResidualDecoder(latent + n_labels, filters, channels, side),
            }
        )

    def encode(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z | x, y); (B, C, S, S) and (B, n_labels) -> twice (B, latent)."""
        maps = label_code(y)[:, :, None, None].expand(-1, -1, *x.shape[2:])
        mean, log_variance = self.encoder(torch.cat([x, maps], dim=1)).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Tensor, y: Tensor) -> Tensor:
        """The mean of p(x | z, y); (B, latent) and (B, n_labels) -> (B, C, S, S) in [0, 1]."""
        return self.decoder(torch.cat([z, label_code(y)], dim=1))

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One iteration up E_q[log p(x | z, y)] - KL(q(z | x, y) || p(z)), the bound on log p(x | y).

        x (images_per_step, C, S, S) in [0, 1]; y (images_per_step, n_labels), 0 or 1, NaN where missing.
        Losses as 0-d tensors, in nats an image.
        """
        mean, log_variance = self.encode(x, y)
        decoded = self.decode(draw(mean, log_variance, self.prior(len(x))), y)
        reconstruction = -gaussian_log_likelihood(x, decoded, self.settings["pixel_deviation"]).sum()
        to_prior = divergence(mean, log_variance).sum()
        self._descend("adam", reconstruction + to_prior)
        losses = {"reconstruction": reconstruction, "divergence": to_prior}
        return {name: value.detach() / len(x) for name, value in losses.items()}

    # After training. z is the mean of q(z | x, y) throughout, so that an image has one transfer.

    @torch.no_grad()
    def reconstruct(self, x: Tensor, y: Tensor) -> Tensor:
        """The image at the mean latent with its own labels; (B, C, S, S) -> the same shape, in [0, 1]."""
        return self.decode(self.encode(x, y)[0], y)

    @torch.no_grad()
    def edit(self, x: Tensor, y: Tensor, domain: int, value: bool) -> Tensor:
        """The images with label `domain` set to `value`; (B, C, S, S) -> the same shape, in [0, 1].

        "Image transfer by changing labels" (abstract): z is inferred with the image's own labels y, and then
        decoded with entry `domain` of y set to `value`. An image that has it already is reconstructed.
        """
        return self.decode(self.encode(x, y)[0], with_label(y, domain, value))

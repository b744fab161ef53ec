"""A variational autoencoder scored by reconstruction probability (An and Cho 2015).

The encoder gives a Gaussian over latents for an image, the decoder the probability of each pixel's being
white for a latent (Kingma and Welling 2014). An image is the more anomalous, the less probable it is given
latents that are drawn from its own Gaussian. The networks are EfficientGAN's encoder and generator.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.efficientgan_mnist import Encoder, Generator, initialise
from encore.networks.gaussian import divergence, draw


def log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x | z) of pixels in [0, 1] under a Bernoulli decoder, nats; twice (B, C, S, S) -> (B,)."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(dim=1)


class VAE(NetworkMethod):
    """Variational autoencoder. Settings come from the paper's YAML; see SETTINGS."""

    SETTINGS = {
        "latent": ("count", "entries of the latent z, prior N(0, I)"),
        "encoder_filters": ("counts", "filters of the encoder's three convolutions"),
        "generator_units": ("count", "units of the decoder's first layer"),
        "generator_filters": ("counts", "filters of the decoder: second layer, first transposed convolution"),
        "iterations": ("count", "updates of encoder and decoder"),
        "batch_size": ("count", "images a batch"),
        "learning_rate": ("positive", "Adam's step size"),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "monte_carlo": ("count", "L, latents drawn for the reconstruction probability of an image"),
    }
    SCORES = ("score",)

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.encoder, self.decoder = self.networks.values()
        self.optimizers = {"adam": self._adam(self.networks.parameters())}
        # The score's draws, the same for all images: no image's score depends on those beside it.
        of_score = torch.Generator().manual_seed(seed)
        self.noise = torch.randn(settings["monte_carlo"], settings["latent"], generator=of_score).to(device)

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """Encoder, of mean and log variance, and decoder, of logits."""
        channels, side, _ = shape
        latent, units = settings["latent"], settings["generator_units"]
        networks = {
            "encoder": Encoder(channels, settings["encoder_filters"], 2 * latent, side),
            "decoder": Generator(latent, units, settings["generator_filters"], channels, side, "linear"),
        }
        return initialise(nn.ModuleDict(networks))

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z | x); (B, C, S, S) -> twice (B, latent)."""
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        return mean, log_variance

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """One iteration on `images` (images_per_step, C, S, S) in [0, 1]; losses as 0-d tensors, in nats."""
        self.networks.train()
        mean, log_variance = self.encode(images)
        logits = self.decoder(draw(mean, log_variance, self.prior(len(images))))
        reconstruction = -log_likelihood(images, logits).mean()
        prior = divergence(mean, log_variance).mean()
        self._descend("adam", reconstruction + prior)  # minus the evidence lower bound
        return {"reconstruction": reconstruction.detach(), "divergence": prior.detach()}

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        """The pixels' probabilities at the mean latent; (B, C, S, S) -> the same shape."""
        self.networks.eval()
        return self.decoder(self.encode(images)[0]).sigmoid()

    @torch.no_grad()
    def sample(self, count: int) -> Tensor:
        """The pixels' probabilities for random z; (count, C, S, S)."""
        self.networks.eval()
        return self.decoder(self.prior(count)).sigmoid()

    @torch.no_grad()
    def score(self, images: Tensor) -> dict[str, Tensor]:
        """Minus the reconstruction probability: the mean of -log p(x | z) over L latents of q(z | x), (B,).

        In nats. A mean of logarithms, as in the evidence lower bound.
        """
        self.networks.eval()
        mean, log_variance = self.encode(images)
        total = sum(
            log_likelihood(images, self.decoder(draw(mean, log_variance, noise))) for noise in self.noise
        )
        return {"score": -total / len(self.noise)}

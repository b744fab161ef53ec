"""A variational autoencoder scored by reconstruction probability (An and Cho 2015).

The encoder gives a Gaussian over latents for an image, the decoder the probability of each pixel's being
white for a latent (Kingma and Welling 2014). An image is the more anomalous, the less probable it is given
latents that are drawn from its own Gaussian. The networks are EfficientGAN's encoder and generator.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encore.networks.efficientgan_mnist import (
    Encoder,
    Generator,
    check_side,
    initialise,
)
from encore.networks.gaussian import divergence
from encore.networks.state import (
    load_modules,
    load_optimizer_state,
    modules_bytes,
    modules_state,
    optimizer_state,
)


def build_networks(settings: Mapping, channels: int) -> nn.ModuleDict:
    """Encoder, of mean and log variance, and decoder, of logits, for images with `channels` channels."""
    latent, side = settings["latent"], settings["image_size"]
    return nn.ModuleDict(
        {
            "encoder": Encoder(channels, settings["encoder_filters"], 2 * latent, side),
            "decoder": Generator(
                latent, settings["generator_units"], settings["generator_filters"], channels, side, "linear"
            ),
        }
    )


def log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x | z) of pixels in [0, 1] under a Bernoulli decoder, nats; twice (B, C, S, S) -> (B,)."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(dim=1)


class VAE:
    """Variational autoencoder. Settings come from the paper's YAML; see SETTINGS."""

    DETERMINISTIC = False
    ON_GPU = True
    SETTINGS = {
        "latent": "entries of the latent z, prior N(0, I)",
        "encoder_filters": "filters of the encoder's three convolutions",
        "generator_units": "units of the decoder's first layer",
        "generator_filters": "filters of the decoder: second layer, first transposed convolution",
        "iterations": "updates of encoder and decoder",
        "batch_size": "images a batch",
        "learning_rate": "Adam's step size",
        "betas": "Adam's decay rates of both moments",
        "monte_carlo": "L, latents drawn for the reconstruction probability of an image",
    }
    deviations: list[str] = []

    def __init__(
        self,
        settings: Mapping,
        shape: tuple[int, int, int],
        seed: int,
        device: str,
        weights: Sequence[str] = (),
    ):
        """Networks for images of `shape` (C, S, S), initialised and drawing from `seed`, on `device`."""
        self.settings, self.device = settings, device
        check_side(shape[1])
        torch.manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = initialise(build_networks(settings, shape[0])).to(device)
        self.encoder, self.decoder = self.networks.values()
        # The score's draws, the same for all images: no image's score depends on those beside it.
        of_score = torch.Generator().manual_seed(seed)
        self.noise = torch.randn(settings["monte_carlo"], settings["latent"], generator=of_score).to(device)
        self.optimizers = {
            "adam": torch.optim.Adam(
                self.networks.parameters(),
                lr=settings["learning_rate"],
                betas=tuple(settings["betas"]),
                fused=True,
            )
        }
        self.random = torch.Generator(device).manual_seed(seed)

    @property
    def iterations(self) -> int:
        """Updates of encoder and decoder."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes."""
        return self.settings["batch_size"]

    @staticmethod
    def model_bytes(settings: Mapping, channels: int) -> int:
        """Size of what `model` gives, bytes, without making it."""
        with torch.device("meta"):
            return modules_bytes(build_networks(settings, channels))

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z | x); (B, C, S, S) -> twice (B, latent)."""
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        return mean, log_variance

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """One iteration on `images` (images_per_step, C, S, S) in [0, 1]; losses as 0-d tensors, in nats."""
        self.networks.train()
        mean, log_variance = self.encode(images)
        noise = torch.randn(mean.shape, generator=self.random, device=self.device)
        logits = self.decoder(mean + (log_variance / 2).exp() * noise)
        reconstruction = -log_likelihood(images, logits).mean()
        prior = divergence(mean, log_variance).mean()
        parameters = list(self.networks.parameters())
        gradients = torch.autograd.grad(reconstruction + prior, parameters)  # minus the evidence lower bound
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimizers["adam"].step()
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
        z = torch.randn(count, self.settings["latent"], generator=self.random, device=self.device)
        return self.decoder(z).sigmoid()

    @torch.no_grad()
    def score(self, images: Tensor) -> dict[str, Tensor]:
        """Minus the reconstruction probability: the mean of -log p(x | z) over L latents of q(z | x), (B,).

        In nats. A mean of logarithms, as in the evidence lower bound.
        """
        self.networks.eval()
        mean, log_variance = self.encode(images)
        deviation = (log_variance / 2).exp()
        total = sum(log_likelihood(images, self.decoder(mean + deviation * noise)) for noise in self.noise)
        return {"score": -total / len(self.noise)}

    # State

    def model(self) -> dict[str, Tensor]:
        """What scoring needs, and no more."""
        return modules_state(self.networks)

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the networks from what `model` gave."""
        load_modules(self.networks, tensors)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, as one flat dict."""
        return self.model() | optimizer_state(self.optimizers) | {"random": self.random.get_state()}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        self.load_model(tensors)
        load_optimizer_state(self.optimizers, tensors)
        self.random.set_state(tensors["random"].cpu())

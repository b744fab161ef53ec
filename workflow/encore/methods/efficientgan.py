"""EfficientGAN (Zenati et al. 2018), as its released code trains it and scores with it on MNIST.

A bidirectional GAN: a generator maps latents to images, an encoder images to latents, and a discriminator of
pairs must tell (x, E(x)) from (G(z), z). An image is the more anomalous, the more G(E(x)) differs from it, in
pixels and in the discriminator's features. Scores come from exponential moving averages of all weights.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.batch_norm import standing_averages
from encore.networks.dropout import Dropout
from encore.networks.efficientgan_mnist import (
    BATCH_NORM,
    ConvSame,
    Encoder,
    Generator,
    initialise,
    leaky_relu,
    smallest_map,
)


class JointDiscriminator(nn.Module):
    """(image (B, C, S, S), z (B, latent)) -> logit (B,).

    filters: of the two convolutions on the image; latent_units: of the dense layer on z; units: of the dense
    layer on both; p: of every dropout; random: draws its masks, None where nothing is trained.
    """

    def __init__(
        self,
        channels: int,
        filters: list[int],
        latent: int,
        latent_units: int,
        units: int,
        side: int,
        p: float,
        random: torch.Generator | None,
    ):
        super().__init__()
        first, second = filters
        self.x = nn.Sequential(
            nn.Sequential(ConvSame(channels, first, 4, 2), leaky_relu(), Dropout(p, random)),
            nn.Sequential(
                ConvSame(first, second, 4, 2, bias=False),
                nn.BatchNorm2d(second, **BATCH_NORM),
                leaky_relu(),
                Dropout(p, random),
            ),
            nn.Flatten(),
        )
        self.z = nn.Sequential(nn.Linear(latent, latent_units), leaky_relu(), Dropout(p, random))
        joined = second * smallest_map(side, len(filters)) ** 2 + latent_units
        self.y = nn.Sequential(nn.Linear(joined, units), leaky_relu(), Dropout(p, random))
        self.last = nn.Linear(units, 1)

    def features(self, x: Tensor, z: Tensor) -> Tensor:
        """The layer before the last, in which features are matched: (B, units)."""
        return self.y(torch.cat([self.x(x), self.z(z)], dim=1))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return self.last(self.features(x, z)).flatten()


def logit_loss(logits: Tensor, real: bool) -> Tensor:
    """Binary cross-entropy of logits against "real" or "not real", its mean over the batch; 0-d."""
    return F.softplus(-logits if real else logits).mean()


class EfficientGAN(NetworkMethod):
    """Bidirectional GAN with feature matching. Settings come from the paper's YAML; see SETTINGS."""

    SETTINGS = {
        "latent": ("count", "entries of the latent z, prior N(0, I)"),
        "generator_units": ("count", "units of G's first layer"),
        "generator_filters": ("counts", "filters of G: second layer, first transposed convolution"),
        "encoder_filters": ("counts", "filters of E's three convolutions"),
        "discriminator_filters": ("counts", "filters of D's two convolutions on the image"),
        "latent_units": ("count", "units of D's dense layer on the latent"),
        "joint_units": ("count", "units of D's dense layer on both"),
        "dropout": ("share", "share of D's activations that each dropout zeroes"),
        "output": (["sigmoid", "tanh"], "activation of G's last layer"),
        "iterations": ("count", "updates of D, and of G and E"),
        "batch_size": ("count", "images a batch"),
        "learning_rate": ("positive", "Adam's step size, all networks"),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "ema_decay": ("share", "decay of the weights' moving averages, an iteration"),
        "feature_weight": ("probability", "w, the share of feature matching in the score"),
    }
    SCORES = ("score",)

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.G, self.E, self.D = self.networks.values()
        average = self.build_networks(settings, shape, n_labels, None).to(device)
        average.load_state_dict(self.networks.state_dict())
        self.average = average.eval().requires_grad_(False)
        self.learned = {"networks": self.networks, "average": self.average}
        self.kept = self.average
        self.optimizers = {
            "discriminator": self._adam(self.D.parameters()),
            "generator_encoder": self._adam([*self.G.parameters(), *self.E.parameters()]),
        }

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """G, E and D; `random` draws D's dropout."""
        channels, side, _ = shape
        latent = settings["latent"]
        networks = {
            "generator": Generator(
                latent,
                settings["generator_units"],
                settings["generator_filters"],
                channels,
                side,
                settings["output"],
            ),
            "encoder": Encoder(channels, settings["encoder_filters"], latent, side),
            "discriminator": JointDiscriminator(
                channels,
                settings["discriminator_filters"],
                latent,
                settings["latent_units"],
                settings["joint_units"],
                side,
                settings["dropout"],
                random,
            ),
        }
        return initialise(nn.ModuleDict(networks))

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for D, and for G and E."""
        return 2 * self.settings["batch_size"]

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """One iteration on `images` (images_per_step, C, S, S); losses as 0-d tensors.

        As in the released code, a network's update alone moves the averages of its batch norms: D's over x
        and G(z), E's over E(x), G's over G(z) and G(E(x)).
        """
        self.networks.train()
        for_discriminator, x = images.split(self.settings["batch_size"])
        loss_d = self._update_discriminator(for_discriminator)
        z = self.prior(len(x))
        # Both with the labels swapped, so that neither saturates.
        with standing_averages(self.D):
            encoded = self.E(x)
            loss_g = logit_loss(self.D(self.G(z), z), real=True)
            loss_e = logit_loss(self.D(x, encoded), real=False)
        with torch.no_grad():
            self.G(encoded)  # moves the averages of G's batch norms, and no more: scores use G(E(x))
        self._descend("generator_encoder", loss_g + loss_e)
        self._follow()
        losses = {"discriminator": loss_d, "generator": loss_g, "encoder": loss_e}
        return {name: value.detach() for name, value in losses.items()}

    def _update_discriminator(self, x: Tensor) -> Tensor:
        """D on fresh x and z: (x, E(x)) is real, (G(z), z) is not; its loss."""
        z = self.prior(len(x))
        with torch.no_grad(), standing_averages(self.G, self.E):
            generated, encoded = self.G(z), self.E(x)
        loss = logit_loss(self.D(x, encoded), real=True) + logit_loss(self.D(generated, z), real=False)
        self._descend("discriminator", loss)
        return loss

    @torch.no_grad()
    def _follow(self) -> None:
        """Moving averages of all weights; batch norms' statistics are averages already, and are copied."""
        share = 1 - self.settings["ema_decay"]
        for average, parameter in zip(self.average.parameters(), self.networks.parameters(), strict=True):
            average.lerp_(parameter, share)
        for average, buffer in zip(self.average.buffers(), self.networks.buffers(), strict=True):
            average.copy_(buffer)

    # After training, with the averaged weights

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        """G(E(x)); (B, C, S, S) -> the same shape."""
        return self.average["generator"](self.average["encoder"](images))

    @torch.no_grad()
    def sample(self, count: int) -> Tensor:
        """G(z) for random z; (count, C, S, S)."""
        return self.average["generator"](self.prior(count))

    @torch.no_grad()
    def score(self, images: Tensor) -> dict[str, Tensor]:
        """(1 - w) ||x - G(E(x))||_1 + w ||f(x, E(x)) - f(G(E(x)), E(x))||_1, one number an image, (B,).

        f is D's layer before the last; greater where more anomalous.
        """
        z = self.average["encoder"](images)
        reconstructed = self.average["generator"](z)
        features = self.average["discriminator"].features
        in_pixels = (images - reconstructed).abs().flatten(1).sum(dim=1)
        in_features = (features(images, z) - features(reconstructed, z)).abs().sum(dim=1)
        w = self.settings["feature_weight"]
        return {"score": (1 - w) * in_pixels + w * in_features}

"""EfficientGAN (Zenati et al. 2018), as its released code trains it and scores with it on MNIST.

A bidirectional GAN: a generator maps latents to images, an encoder images to latents, and a discriminator of
pairs must tell (x, E(x)) from (G(z), z). An image is the more anomalous, the more G(E(x)) differs from it, in
pixels and in the discriminator's features. Scores come from exponential moving averages of all weights.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from encore.networks.efficientgan_mnist import (
    Encoder,
    Generator,
    JointDiscriminator,
    check_side,
    initialise,
    logit_loss,
)
from encore.networks.state import (
    load_modules,
    load_optimizer_state,
    modules_bytes,
    modules_state,
    optimizer_state,
)


def build_networks(settings: Mapping, channels: int, random: torch.Generator | None = None) -> nn.ModuleDict:
    """G, E and D of the settings for images with `channels` channels; `random` draws D's dropout."""
    latent, side = settings["latent"], settings["image_size"]
    return nn.ModuleDict(
        {
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
    )


class EfficientGAN:
    """Bidirectional GAN with feature matching. Settings come from the paper's YAML; see SETTINGS."""

    DETERMINISTIC = False
    ON_GPU = True
    SETTINGS = {
        "latent": "entries of the latent z, prior N(0, I)",
        "generator_units": "units of G's first layer",
        "generator_filters": "filters of G: second layer, first transposed convolution",
        "encoder_filters": "filters of E's three convolutions",
        "discriminator_filters": "filters of D's two convolutions on the image",
        "latent_units": "units of D's dense layer on the latent",
        "joint_units": "units of D's dense layer on both",
        "dropout": "share of D's activations that each dropout zeroes",
        "output": "activation of G's last layer: sigmoid, tanh",
        "iterations": "updates of D, and of G and E",
        "batch_size": "images a batch",
        "learning_rate": "Adam's step size, all networks",
        "betas": "Adam's decay rates of both moments",
        "ema_decay": "decay of the weights' moving averages, an iteration",
        "feature_weight": "w, the share of feature matching in the score",
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
        self.random = torch.Generator(device).manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = initialise(build_networks(settings, shape[0], self.random)).to(device)
        self.G, self.E, self.D = self.networks.values()
        self.average = build_networks(settings, shape[0]).to(device).eval().requires_grad_(False)
        self.average.load_state_dict(self.networks.state_dict())
        self.learners = [*self.G.parameters(), *self.E.parameters()]
        adam = {"lr": settings["learning_rate"], "betas": tuple(settings["betas"]), "fused": True}
        self.optimizers = {
            "discriminator": torch.optim.Adam(self.D.parameters(), **adam),
            "generator_encoder": torch.optim.Adam(self.learners, **adam),
        }

    @property
    def iterations(self) -> int:
        """Updates of D, and as many of G and E."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for D, and for G and E."""
        return 2 * self.settings["batch_size"]

    def prior(self, count: int) -> Tensor:
        """z ~ N(0, I), (count, latent)."""
        return torch.randn(count, self.settings["latent"], generator=self.random, device=self.device)

    @staticmethod
    def model_bytes(settings: Mapping, channels: int) -> int:
        """Size of what `model` gives, bytes, without making it."""
        with torch.device("meta"):
            return modules_bytes(build_networks(settings, channels))

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """One iteration on `images` (images_per_step, C, S, S); losses as 0-d tensors."""
        self.networks.train()
        for_discriminator, x = images.split(self.settings["batch_size"])
        loss_d = self._update_discriminator(for_discriminator)
        z = self.prior(len(x))
        # Both with the labels swapped, so that neither saturates.
        loss_g = logit_loss(self.D(self.G(z), z), real=True)
        loss_e = logit_loss(self.D(x, self.E(x)), real=False)
        self._update("generator_encoder", loss_g + loss_e, self.learners)
        self._follow()
        losses = {"discriminator": loss_d, "generator": loss_g, "encoder": loss_e}
        return {name: value.detach() for name, value in losses.items()}

    def _update_discriminator(self, x: Tensor) -> Tensor:
        """D on fresh x and z: (x, E(x)) is real, (G(z), z) is not; its loss."""
        z = self.prior(len(x))
        with torch.no_grad():
            generated, encoded = self.G(z), self.E(x)
        loss = logit_loss(self.D(x, encoded), real=True) + logit_loss(self.D(generated, z), real=False)
        self._update("discriminator", loss, list(self.D.parameters()))
        return loss

    def _update(self, name: str, loss: Tensor, parameters: Sequence[Tensor]) -> None:
        """One step of the optimizer `name` down the loss."""
        gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimizers[name].step()

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

    # State

    def model(self) -> dict[str, Tensor]:
        """What scoring needs, and no more: the averaged networks."""
        return modules_state(self.average)

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the averaged networks from what `model` gave."""
        load_modules(self.average, tensors)

    def _modules(self) -> dict[str, nn.Module]:
        return {"networks": self.networks, "average": self.average}

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, as one flat dict."""
        random = {"random": self.random.get_state()}
        return modules_state(self._modules()) | optimizer_state(self.optimizers) | random

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        load_modules(self._modules(), tensors)
        load_optimizer_state(self.optimizers, tensors)
        self.random.set_state(tensors["random"].cpu())

"""Fader Networks (Lample et al. 2017), in the order of its Section 3.2.

An autoencoder whose decoder is told the attributes of the image, and a discriminator that looks for them in
the latent: the encoder learns to leave them out, so that the decoder must take them from what it is told. An
image is edited by telling the decoder something else.

What the paper calls a squared norm is a mean over pixels in the released code; over their sum, lambda_E of
0.0001 would weigh nothing. As there, each update has images of its own, the autoencoder is in evaluation mode
while the discriminator learns, and the other way round. The code's choice of the best epoch, by a classifier,
is left out: the last iteration counts.

The paper has no missing labels. Here the decoder is told [0, 0] for one, and its terms in both losses are 0.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from encore.networks.augmentation import mirror
from encore.networks.fadernet import Decoder, Encoder, LatentDiscriminator, check_side
from encore.networks.labels import label_loss, with_label
from encore.networks.state import (
    load_modules,
    load_optimizer_state,
    modules_bytes,
    modules_state,
    optimizer_state,
)


def build_networks(
    settings: Mapping, channels: int, n_labels: int, random: torch.Generator | None = None
) -> nn.ModuleDict:
    """Encoder, decoder and discriminator for images with `channels` channels; `random` draws the dropout."""
    filters = settings["filters"]
    return nn.ModuleDict(
        {
            "encoder": Encoder(channels, filters),
            "decoder": Decoder(channels, filters, n_labels),
            "discriminator": LatentDiscriminator(
                filters[-1],
                settings["discriminator_filters"],
                settings["discriminator_units"],
                n_labels,
                settings["dropout"],
                random,
            ),
        }
    )


class FaderNetworks:
    """Autoencoder with attribute-invariant latents. Settings come from the paper's YAML; see SETTINGS."""

    DETERMINISTIC = False
    ON_GPU = True
    LABELLED = True
    SETTINGS = {
        "filters": "filters of the encoder's convolutions, each of which halves the side",
        "discriminator_filters": "filters of the discriminator's convolutions, down to one pixel",
        "discriminator_units": "units of the discriminator's hidden dense layer",
        "dropout": "share of the discriminator's activations that each dropout zeroes",
        "iterations": "updates of encoder and decoder",
        "batch_size": "images a batch",
        "n_dis": "updates of the discriminator before each update of encoder and decoder",
        "mirror": "probability with which a training image is mirrored left to right",
        "learning_rate": "Adam's step size, all networks",
        "betas": "Adam's decay rates of both moments",
        "gradient_norm": "greatest Euclidean norm of an update's gradient; a longer one is shortened to it",
        "lambda_e": "lambda_E, weight of the adversarial term, at its greatest",
        "lambda_iterations": "iterations over which lambda_E rises linearly from 0",
    }
    deviations: list[str] = []

    def __init__(
        self,
        settings: Mapping,
        shape: tuple[int, int, int],
        seed: int,
        device: str,
        weights: Sequence[str] = (),
        *,
        n_labels: int,
    ):
        """Networks for images of `shape` (C, S, S), initialised and drawing from `seed`, on `device`."""
        self.settings, self.device = settings, device
        check_side(shape[1], settings["filters"], settings["discriminator_filters"])
        torch.manual_seed(seed)
        self.random = torch.Generator(device).manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = build_networks(settings, shape[0], n_labels, self.random).to(device)
        self.encoder, self.decoder, self.discriminator = self.networks.values()
        adam = {"lr": settings["learning_rate"], "betas": tuple(settings["betas"]), "fused": True}
        self.optimizers = {
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), **adam),
            "autoencoder": torch.optim.Adam([*self.encoder.parameters(), *self.decoder.parameters()], **adam),
        }
        self.iteration = 0

    @property
    def iterations(self) -> int:
        """Updates of encoder and decoder."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for every update."""
        return (self.settings["n_dis"] + 1) * self.settings["batch_size"]

    @property
    def lambda_e(self) -> float:
        """lambda_E of the next update of encoder and decoder (Section 4, discriminator cost scheduling)."""
        return self.settings["lambda_e"] * min(1.0, self.iteration / self.settings["lambda_iterations"])

    @staticmethod
    def model_bytes(settings: Mapping, channels: int, *, n_labels: int) -> int:
        """Size of what `model` gives, bytes, without making it."""
        with torch.device("meta"):
            networks = build_networks(settings, channels, n_labels)
        return modules_bytes(networks["encoder"]) + modules_bytes(networks["decoder"])

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
        self._update("discriminator", loss)
        return loss

    def _update_autoencoder(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """The adversarial objective: ||D(E(x), y) - x||^2 - lambda_E log P_dis(1 - y | E(x))."""
        self.networks.train()
        self.discriminator.eval()
        z = self.encoder(x)
        reconstruction = (self.decoder(z, y) - x).square().mean()
        adversarial = label_loss(self.discriminator(z), 1 - y)
        self._update("autoencoder", reconstruction + self.lambda_e * adversarial)
        return {"reconstruction": reconstruction, "adversarial": adversarial}

    def _update(self, name: str, loss: Tensor) -> None:
        """One step of the optimizer `name` down the loss, along a gradient that is no longer than allowed."""
        parameters = self.optimizers[name].param_groups[0]["params"]
        gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        nn.utils.clip_grad_norm_(parameters, self.settings["gradient_norm"])
        self.optimizers[name].step()

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

    def _autoencoder(self) -> dict[str, nn.Module]:
        return {"encoder": self.encoder, "decoder": self.decoder}

    def model(self) -> dict[str, Tensor]:
        """What editing needs, and no more."""
        return modules_state(self._autoencoder())

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take encoder and decoder from what `model` gave."""
        load_modules(self._autoencoder(), tensors)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, as one flat dict."""
        counters = {"iteration": torch.tensor(self.iteration), "random": self.random.get_state()}
        return modules_state(self.networks) | optimizer_state(self.optimizers) | counters

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        load_modules(self.networks, tensors)
        load_optimizer_state(self.optimizers, tensors)
        self.iteration = int(tensors["iteration"])
        self.random.set_state(tensors["random"].cpu())

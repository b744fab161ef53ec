"""Reverse-VAE (Gauerhof and Gu 2020), in the order of its Algorithms 1 and 2.

A generator maps the latent prior to images against a Wasserstein critic, and an encoder learns to find the
latent vector that an image was generated from: a variational autoencoder the other way round. What the
generator can not make again of an image is how anomalous the image is. Numbers in brackets are the paper's
equations.
"""

from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from encore.networks.efficientgan_mnist import (
    Encoder,
    Generator,
    ImageDiscriminator,
    check_side,
    initialise,
)
from encore.networks.state import (
    load_modules,
    load_optimizer_state,
    modules_bytes,
    modules_state,
    optimizer_state,
)
from encore.networks.wgan_gp import gradient_penalty


def build_networks(settings: Mapping, channels: int) -> nn.ModuleDict:
    """Gen, Enc and Dis of the settings for images with `channels` channels (Section 4.5: EfficientGAN's)."""
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
            "critic": ImageDiscriminator(
                channels, settings["critic_filters"], settings["critic_units"], side, settings["critic_norm"]
            ),
        }
    )


class ReverseVAE:
    """Reverse variational autoencoder. Settings come from the paper's YAML; see SETTINGS."""

    DETERMINISTIC = False
    ON_GPU = True
    SETTINGS = {
        "latent": "entries of the latent z, prior N(0, I)",
        "generator_units": "units of Gen's first layer",
        "generator_filters": "filters of Gen: second layer, first transposed convolution",
        "encoder_filters": "filters of Enc's three convolutions",
        "critic_filters": "filters of Dis's two convolutions",
        "critic_units": "units of Dis's dense layer",
        "critic_norm": "normalisation in Dis: none, batch",
        "output": "activation of Gen's last layer: sigmoid, tanh",
        "feature_layer": "l of (1) and (11): layer of Dis, counted from 1",
        "iterations": "passes of the loop of Algorithm 1: updates of Gen and Enc",
        "batch_size": "m of Algorithm 1, images a batch",
        "n_dis": "updates of Dis before each update of Gen and Enc (Algorithm 1, line 2)",
        "learning_rate": "alpha, Adam's step size",
        "learning_rate_reconstruction": "Adam's step size for Gen on the reconstruction losses (line 17)",
        "betas": "Adam's decay rates of both moments",
        "gradient_penalty_weight": "lambda of (6)",
        "xi": "weight of L_recon_z in Gen's reconstruction loss (line 17)",
        "recon_x_weight": "weight of L_recon_x (1) in Gen's reconstruction loss (line 17), 0 for none",
        "eta": "weight of |sigma - 1| in Enc's loss (line 18)",
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
        self.Gen, self.Enc, self.Dis = self.networks.values()
        alpha = settings["learning_rate"]
        adam = {"betas": tuple(settings["betas"]), "fused": True}  # fused: a tenth of the time on a CPU
        self.optimizers = {
            "critic": torch.optim.Adam(self.Dis.parameters(), lr=alpha, **adam),
            "adversarial": torch.optim.Adam(self.Gen.parameters(), lr=alpha, **adam),
            "reconstruction": torch.optim.Adam(
                self.Gen.parameters(), lr=settings["learning_rate_reconstruction"], **adam
            ),
            "encoder": torch.optim.Adam(self.Enc.parameters(), lr=alpha, **adam),
        }
        self.random = torch.Generator(device).manual_seed(seed)
        self.training_errors = torch.empty(0, device=device)  # E_x of the training images, in rising order

    @property
    def iterations(self) -> int:
        """Passes of the loop of Algorithm 1, for which the paper has "while not converged"."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for each update of Dis, and for L_recon_x."""
        return (self.settings["n_dis"] + 1) * self.settings["batch_size"]

    def prior(self, count: int) -> Tensor:
        """z ~ N(0, I), (count, latent)."""
        return torch.randn(count, self.settings["latent"], generator=self.random, device=self.device)

    @staticmethod
    def model_bytes(settings: Mapping, channels: int) -> int:
        """Size of what `model` gives, bytes, without making it and but for 4 bytes a training image."""
        with torch.device("meta"):
            return modules_bytes(build_networks(settings, channels))

    # Algorithm 1, one pass of the loop of line 1

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """One iteration on `images` (images_per_step, C, S, S); losses as 0-d tensors."""
        self.networks.train()
        *critic_batches, x = images.split(self.settings["batch_size"])
        for batch in critic_batches:  # line 2
            loss_dis = self._update_critic(batch)
        z = self.prior(len(x))  # line 11
        generated = self.Gen(z)  # line 12
        z_hat = self.Enc(generated)  # line 13
        loss_gen = -self.Dis(generated).mean()  # line 14, (5)
        loss_recon_z = (z - z_hat).square().sum(dim=1).mean()  # line 15, (8)
        loss_std = (z_hat.std() - 1).abs()  # line 18: one sigma over all entries of the batch
        loss_recon_x = self._recon_x(x)
        of_gen, of_enc = list(self.Gen.parameters()), list(self.Enc.parameters())
        adversarial = torch.autograd.grad(loss_gen, of_gen, retain_graph=True)
        for_enc = loss_recon_z + self.settings["eta"] * loss_std
        encoder = torch.autograd.grad(for_enc, of_enc, retain_graph=True)
        for_gen = self.settings["xi"] * loss_recon_z + self.settings["recon_x_weight"] * loss_recon_x
        reconstruction = torch.autograd.grad(for_gen, of_gen)
        # The updates come after all gradients: lines 16 to 18 share the losses of lines 14 and 15.
        self._update("adversarial", adversarial)  # line 16
        self._update("reconstruction", reconstruction)  # line 17
        self._update("encoder", encoder)  # line 18
        losses = {
            "critic": loss_dis,
            "adversarial": loss_gen,
            "recon_z": loss_recon_z,
            "recon_x": loss_recon_x,
            "std": loss_std,
        }
        return {name: value.detach() for name, value in losses.items()}

    def _update_critic(self, x: Tensor) -> Tensor:
        """Lines 3-10: Dis on fresh x and z; its loss (6)."""
        with torch.no_grad():
            generated = self.Gen(self.prior(len(x)))  # lines 4 and 6
        mix = torch.rand(len(x), generator=self.random, device=self.device)  # line 5
        penalty = gradient_penalty(self.Dis, x, generated, mix)  # line 7, (7)
        loss = (
            self.Dis(generated).mean()
            - self.Dis(x).mean()
            + self.settings["gradient_penalty_weight"] * penalty
        )
        self._update("critic", torch.autograd.grad(loss, list(self.Dis.parameters())))
        return loss

    def _recon_x(self, x: Tensor) -> Tensor:
        """L_recon_x (1) of real images, for Gen alone, as Section 4.4 adds it: Enc and Dis stand still."""
        layer = self.settings["feature_layer"]
        with torch.no_grad():
            z, features = self.Enc(x), self.Dis.features(x, layer)
        return (features - self.Dis.features(self.Gen(z), layer)).square().sum(dim=1).mean()

    def _update(self, name: str, gradients: Sequence[Tensor]) -> None:
        """One step of the optimizer `name` along gradients of its parameters."""
        optimizer = self.optimizers[name]
        for parameter, gradient in zip(optimizer.param_groups[0]["params"], gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()

    # After training (Section 4.5)

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        """x_hat = Gen(Enc(x)); (B, C, S, S) -> the same shape."""
        self.networks.eval()
        return self.Gen(self.Enc(images))

    @torch.no_grad()
    def sample(self, count: int) -> Tensor:
        """Gen(z) for random z; (count, C, S, S)."""
        self.networks.eval()
        return self.Gen(self.prior(count))

    @torch.no_grad()
    def reconstruction_error(self, images: Tensor) -> Tensor:
        """E_x (11), in units of Dis's features; (B, C, S, S) -> (B,)."""
        layer, x_hat = self.settings["feature_layer"], self.reconstruct(images)
        difference = self.Dis.features(x_hat, layer) - self.Dis.features(images, layer)
        return torch.linalg.vector_norm(difference, dim=1)

    def after_training(self, batches: Iterable[Tensor]) -> None:
        """Keep E_x of all training images for (12); batches: (B, C, S, S), each image once."""
        errors = torch.cat([self.reconstruction_error(images) for images in batches])
        self.training_errors = errors.sort().values

    def score(self, images: Tensor) -> dict[str, Tensor]:
        """A(x) (12), from 0 to 1, and E_x (11) behind it, each greater where more anomalous; name -> (B,).

        Raises RuntimeError before `after_training`.
        """
        if not len(self.training_errors):
            raise RuntimeError("A(x) needs the training images' errors: call after_training first.")
        errors = self.reconstruction_error(images)
        below = torch.searchsorted(self.training_errors, errors)  # how many of them are less than E_x
        return {"score": below / len(self.training_errors), "reconstruction_error": errors}

    def is_anomaly(self, images: Tensor, epsilon: float) -> Tensor:
        """Algorithm 2 with the threshold epsilon on A(x); (B, C, S, S) -> bool (B,)."""
        return self.score(images)["score"] > epsilon

    # State

    def model(self) -> dict[str, Tensor]:
        """What scoring needs, and no more."""
        return modules_state(self.networks) | {"training_errors": self.training_errors}

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the networks and the training errors from what `model` gave."""
        load_modules(self.networks, tensors)
        self.training_errors = tensors["training_errors"].to(self.device)

    def state(self) -> dict[str, Tensor]:
        """All that the next step depends on, as one flat dict."""
        return (
            modules_state(self.networks)
            | optimizer_state(self.optimizers)
            | {"random": self.random.get_state()}
        )

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        load_modules(self.networks, tensors)
        load_optimizer_state(self.optimizers, tensors)
        self.random.set_state(tensors["random"].cpu())

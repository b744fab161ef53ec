"""Reverse-VAE (Gauerhof and Gu 2020), in the order of its Algorithms 1 and 2.

A generator maps the latent prior to images against a Wasserstein critic, and an encoder learns to find the
latent vector that an image was generated from: a variational autoencoder the other way round. What the
generator cannot make again of an image is how anomalous the image is. Numbers in brackets are the paper's
equations.
"""

import itertools
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.batch_norm import standing_averages
from encore.networks.efficientgan_mnist import (
    BATCH_NORM,
    ConvSame,
    Encoder,
    Generator,
    initialise,
    leaky_relu,
    smallest_map,
)
from encore.networks.wgan_gp import gradient_penalty


class ImageDiscriminator(nn.Sequential):
    """image (B, C, S, S) -> (B,), linear: the critic or the logit of an image.

    filters: of the convolutions, which halve; units: of the dense layer; norm: "batch", as in the released
    code, or "none", which a penalty on each sample's gradient asks for (Gulrajani et al. 2017, Section 4).
    """

    def __init__(self, channels: int, filters: list[int], units: int, side: int, norm: str):
        batch, flat = norm == "batch", filters[-1] * smallest_map(side, len(filters)) ** 2
        super().__init__(
            nn.Sequential(ConvSame(channels, filters[0], 4, 2), leaky_relu()),
            *(
                nn.Sequential(
                    ConvSame(before, after, 4, 2, bias=not batch),
                    nn.BatchNorm2d(after, **BATCH_NORM) if batch else nn.Identity(),
                    leaky_relu(),
                )
                for before, after in itertools.pairwise(filters)
            ),
            nn.Sequential(
                nn.Flatten(),
                nn.Linear(flat, units, bias=not batch),
                nn.BatchNorm1d(units, **BATCH_NORM) if batch else nn.Identity(),
                leaky_relu(),
            ),
            nn.Sequential(nn.Linear(units, 1), nn.Flatten(0)),
        )

    def features(self, x: Tensor, layer: int) -> Tensor:
        """What `layer`, counted from 1, gives: (B, C, S, S) -> (B, numbers)."""
        for part in list(self)[:layer]:
            x = part(x)
        return x.flatten(1)


class ReverseVAE(NetworkMethod):
    """Reverse variational autoencoder. Settings come from the paper's YAML; see SETTINGS."""

    SETTINGS = {
        "latent": ("count", "entries of the latent z, prior N(0, I)"),
        "generator_units": ("count", "units of Gen's first layer"),
        "generator_filters": (
            "counts",
            "filters of Gen: second layer, then each transposed convolution but the last",
        ),
        "encoder_filters": (
            "counts",
            "filters of Enc's convolutions, of which all but the first halve",
        ),
        "critic_filters": ("counts", "filters of Dis's convolutions, which halve"),
        "critic_units": ("count", "units of Dis's dense layer"),
        "critic_norm": (["none", "batch"], "normalisation in Dis"),
        "output": (["sigmoid", "tanh"], "activation of Gen's last layer"),
        "feature_layer": ([1, 2, 3], "l of (1) and (11): layer of Dis, counted from 1"),
        "iterations": (
            "count",
            "passes of the loop of Algorithm 1: updates of Gen and Enc; the paper's are until convergence",
        ),
        "batch_size": ("count", "m of Algorithm 1, images a batch"),
        "n_dis": ("count", "updates of Dis before each update of Gen and Enc (Algorithm 1, line 2)"),
        "learning_rate": ("positive", "alpha, Adam's step size"),
        "learning_rate_reconstruction": (
            "positive",
            "Adam's step size for Gen on L_recon_z (line 17)",
        ),
        "learning_rate_recon_x": ("positive", "step size of the Adam that L_recon_x (1) has for Gen"),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "gradient_penalty_weight": ("nonnegative", "lambda of (6)"),
        "xi": ("nonnegative", "weight of L_recon_z for Gen (line 17), which Adam takes out again"),
        "recon_x_weight": (
            "nonnegative",
            "weight of L_recon_x (1) for Gen: 0 for none; Adam takes any other out again",
        ),
        "eta": ("nonnegative", "weight of |sigma - 1| in Enc's loss (line 18)"),
    }
    SCORES = ("score", "reconstruction_error")

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.Gen, self.Enc, self.Dis = self.networks.values()
        self.optimizers = {
            "critic": self._adam(self.Dis.parameters()),
            "adversarial": self._adam(self.Gen.parameters()),
            "reconstruction": self._adam(self.Gen.parameters(), "learning_rate_reconstruction"),
            "encoder": self._adam(self.Enc.parameters()),
        }
        if settings["recon_x_weight"]:
            # Its own: in one Adam with line 17, all but a thousandth of the step would follow L_recon_x.
            self.optimizers["recon_x"] = self._adam(self.Gen.parameters(), "learning_rate_recon_x")
        self.training_errors = torch.empty(0, device=device)  # E_x of the training images, in rising order

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """Gen, Enc and Dis (Section 4.5: EfficientGAN's)."""
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
            "critic": ImageDiscriminator(
                channels, settings["critic_filters"], settings["critic_units"], side, settings["critic_norm"]
            ),
        }
        return initialise(nn.ModuleDict(networks))

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for each update of Dis, and for L_recon_x where it is."""
        batches = self.settings["n_dis"] + bool(self.settings["recon_x_weight"])
        return batches * self.settings["batch_size"]

    # Algorithm 1, one pass of the loop of line 1
    #
    # Batch norms' averages move as in EfficientGAN's released code, from which the networks are: those of a
    # network in its own update alone, over all its passes there. Scores then rest on passes of the same kind,
    # Enc(x) and Gen(Enc(x)), where L_recon_x makes them.

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """One iteration on `images` (images_per_step, C, S, S); losses as 0-d tensors."""
        self.networks.train()
        batches = images.split(self.settings["batch_size"])
        n_dis = self.settings["n_dis"]
        for batch in batches[:n_dis]:  # line 2
            loss_dis = self._update_critic(batch)
        with standing_averages(self.Dis):
            losses = self._update_generator_and_encoder(batches[-1])
        return {name: value.detach() for name, value in ({"critic": loss_dis} | losses).items()}

    def _update_critic(self, x: Tensor) -> Tensor:
        """Lines 3-10: Dis on fresh x and z; its loss (6)."""
        with torch.no_grad(), standing_averages(self.Gen):
            generated = self.Gen(self.prior(len(x)))  # lines 4 and 6
        mix = torch.rand(len(x), generator=self.random, device=self.device)  # line 5
        penalty = gradient_penalty(self.Dis, x, generated, mix)  # line 7, (7)
        loss = (
            self.Dis(generated).mean()
            - self.Dis(x).mean()
            + self.settings["gradient_penalty_weight"] * penalty
        )
        self._descend("critic", loss)
        return loss

    def _update_generator_and_encoder(self, x: Tensor) -> dict[str, Tensor]:
        """Lines 11-18, and L_recon_x on images x, unless its weight is 0; losses by name."""
        z = self.prior(self.settings["batch_size"])  # line 11
        generated = self.Gen(z)  # line 12
        z_hat = self.Enc(generated)  # line 13
        losses = {
            "adversarial": -self.Dis(generated).mean(),  # line 14, (5)
            "recon_z": (z - z_hat).square().sum(dim=1).mean(),  # line 15, (8)
            "std": (z_hat.std() - 1).abs(),  # line 18: one sigma over all entries of the batch
        }
        descents = {
            "adversarial": losses["adversarial"],  # line 16
            "reconstruction": self.settings["xi"] * losses["recon_z"],  # line 17
            "encoder": losses["recon_z"] + self.settings["eta"] * losses["std"],  # line 18
        }
        if weight := self.settings["recon_x_weight"]:
            losses["recon_x"] = self._recon_x(x)
            descents["recon_x"] = weight * losses["recon_x"]
        # The updates come after all gradients: lines 16 to 18 share the losses of lines 14 and 15.
        gradients = {name: self._gradients(name, loss, retain_graph=True) for name, loss in descents.items()}
        for name, of_loss in gradients.items():
            self._update(name, of_loss)
        return losses

    def _recon_x(self, x: Tensor) -> Tensor:
        """L_recon_x (1) of real images, for Gen alone, as Section 4.4 adds it: Enc and Dis do not learn."""
        layer = self.settings["feature_layer"]
        with torch.no_grad():
            z, features = self.Enc(x), self.Dis.features(x, layer)
        return (features - self.Dis.features(self.Gen(z), layer)).square().sum(dim=1).mean()

    # After training (Sections 4.1 and 4.2)

    @property
    def encodes(self) -> bool:
        """There is an encoder."""
        return True

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Enc(x); (B, C, S, S) -> (B, latent)."""
        self.networks.eval()
        return self.Enc(images)

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Gen(z); (B, latent) -> (B, C, S, S)."""
        self.networks.eval()
        return self.Gen(z)

    def sample(self, count: int) -> Tensor:
        """Gen(z) for random z; (count, C, S, S)."""
        return self.decode(self.prior(count))

    def reconstruct(self, images: Tensor) -> Tensor:
        """x_hat = Gen(Enc(x)); (B, C, S, S) -> the same shape."""
        return self.decode(self.encode(images))

    def autoencode(self, images: Tensor) -> dict[str, Tensor]:
        """What it makes of images, by name."""
        return {"Reverse-VAE": self.reconstruct(images)}

    # Anomalies (Section 4.5)

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
        share = below / len(self.training_errors)
        undefined = errors.isnan() | self.training_errors.isnan().any()  # which rank nothing
        return {"score": share.masked_fill(undefined, torch.nan), "reconstruction_error": errors}

    def is_anomaly(self, images: Tensor, epsilon: float) -> Tensor:
        """Algorithm 2 with the threshold epsilon on A(x); (B, C, S, S) -> bool (B,)."""
        return self.score(images)["score"] > epsilon

    # State

    def model(self) -> dict[str, Tensor]:
        """The networks and E_x of the training images."""
        return super().model() | {"training_errors": self.training_errors}

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the networks and the training errors from what `model` gave."""
        super().load_model(tensors)
        self.training_errors = tensors["training_errors"].to(self.device)

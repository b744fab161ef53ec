"""DualVAE (Okamoto et al. 2019), in the order of its Algorithm 1.

A variational autoencoder whose latent space is divided by linear boundaries: beside the decoder of images
stands a linear one of labels, whose logit of label i is the inner product of the latent z and a dual vector
u_i. An image is transferred to domain i by moving z along u_i. Numbers in brackets are the paper's equations.
The paper prints no networks; those here are shared with the CVAE that it compares with.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encore.networks.gaussian import divergence
from encore.networks.residual_autoencoder import (
    ResidualDecoder,
    ResidualEncoder,
    gaussian_log_likelihood,
)
from encore.networks.state import load_modules, load_optimizer_state, modules_state, optimizer_state


def build_networks(settings: Mapping, channels: int, n_labels: int) -> nn.ModuleDict:
    """Encoder phi, of mean and log variance, decoder theta, and dual vectors U, (n_labels, latent)."""
    latent, filters, side = settings["latent"], settings["filters"], settings["image_size"]
    return nn.ModuleDict(
        {
            "encoder": ResidualEncoder(channels, filters, 2 * latent, side),
            "decoder": ResidualDecoder(latent, filters, channels, side),
            "dual": nn.Linear(latent, n_labels, bias=False),  # p_w(y | z) of (2): sigma(U z), no bias
        }
    )


def label_log_likelihood(y: Tensor, logits: Tensor) -> Tensor:
    """I_ij log Bern(y_ij | sigma(logits_ij)), nats; twice (B, n_labels) -> the same shape.

    The indicator I_ij is 0 where y_ij is missing, which is NaN, and 1 elsewhere.
    """
    log_likelihood = -F.binary_cross_entropy_with_logits(logits, y.nan_to_num(), reduction="none")
    return torch.where(y.isnan(), 0.0, log_likelihood)


# --- readings of lambda in (3) -------------------------------------------------------------------------
# Each moves z (B, latent) along the dual vector u (latent,), or minus it, and gives w_i (B, latent).


def by_fixed_amount(z: Tensor, u: Tensor, amount: float) -> Tensor:
    """w = z + lambda u with the same lambda, `amount`, for all images: (3) as it stands."""
    return z + amount * u


def to_logit(z: Tensor, u: Tensor, amount: float) -> Tensor:
    """w = z + lambda u with a lambda for each image such that the logit u w is `amount`.

    "Moving a latent vector toward a decision boundary" (Section 3), as far as each image needs; one that is
    beyond stays, lambda = 0.
    """
    lambda_ = (amount - z @ u).clamp(min=0) / u.square().sum()
    return z + lambda_[:, None] * u


MOVES: Mapping[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "fixed": by_fixed_amount,
    "logit": to_logit,
}


# --- the method ------------------------------------------------------------------------------------


class DualVAE:
    """Dual variational autoencoder. Settings come from the paper's YAML; see SETTINGS."""

    DETERMINISTIC = False
    ON_GPU = True
    LABELLED = True
    SETTINGS = {
        "latent": "entries of the latent z, prior N(0, I), and of each dual vector",
        "filters": "filters of the encoder's residual blocks, each halves the side; the decoder mirrors them",
        "pixel_deviation": "standard deviation of p(x | z), in the range of the pixels",
        "iterations": "passes of the loop of Algorithm 1",
        "batch_size": "M of Algorithm 1, images a batch",
        "learning_rate": "Adam's step size in g, for encoder and decoder",
        "learning_rate_labels": "Adam's step size in g_e, for encoder and U",
        "betas": "Adam's decay rates of both moments",
        "alpha": "weight of the labels in Algorithm 1; Adam divides it out again but for its epsilon",
        "transfer": "lambda of (3): fixed, the same for all images; logit, each image's own",
        "lambda": "how far a transfer goes: lambda of (3), in lengths of u_i (fixed); u_i w_i (logit)",
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
        self.move = MOVES[settings["transfer"]]
        torch.manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = build_networks(settings, shape[0], n_labels).to(device)
        self.encoder, self.decoder, dual = self.networks.values()
        self.U = dual.weight  # row i is the dual vector u_i
        phi, theta = list(self.encoder.parameters()), list(self.decoder.parameters())
        adam = {"betas": tuple(settings["betas"]), "fused": True}
        self.optimizers = {
            "g": torch.optim.Adam([*phi, *theta], lr=settings["learning_rate"], **adam),
            "g_e": torch.optim.Adam([*phi, self.U], lr=settings["learning_rate_labels"], **adam),
        }
        self.random = torch.Generator(device).manual_seed(seed)

    @property
    def iterations(self) -> int:
        """Passes of the loop of Algorithm 1, for which the paper has "until convergence"."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes."""
        return self.settings["batch_size"]

    @staticmethod
    def model_bytes(settings: Mapping, channels: int, *, n_labels: int) -> int:
        """Size of what `model` gives, bytes, without making it."""
        with torch.device("meta"):
            networks = build_networks(settings, channels, n_labels)
        return sum(4 * parameter.numel() for parameter in networks.parameters())

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q_phi(z | x); (B, C, S, S) -> twice (B, latent)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    # Algorithm 1, one pass of the loop

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One iteration on x (images_per_step, C, S, S) in [0, 1] and y (images_per_step, n_labels).

        y is 0 or 1, NaN where missing. Losses as 0-d tensors, in nats an image; labels before alpha.
        """
        mean, log_variance = self.encode(x)
        noise = torch.randn(mean.shape, generator=self.random, device=self.device)
        z = mean + (log_variance / 2).exp() * noise  # z_j ~ q_phi(z_j | x_j)
        log_p_x = gaussian_log_likelihood(x, self.decoder(z), self.settings["pixel_deviation"]).sum()
        to_prior = divergence(mean, log_variance).sum()
        log_p_y = label_log_likelihood(y, F.linear(z, self.U)).sum()  # over domains i and images j
        # Both gradients are taken at the z_j that were sampled once: before either optimiser moves phi.
        of_image = self._gradients("g", to_prior - log_p_x, retain_graph=True)  # minus (1)
        of_labels = self._gradients("g_e", -self.settings["alpha"] * log_p_y)
        self._update("g", of_image)  # phi, theta
        self._update("g_e", of_labels)  # phi, U
        losses = {"reconstruction": -log_p_x, "divergence": to_prior, "labels": -log_p_y}
        return {name: value.detach() / len(x) for name, value in losses.items()}

    def _parameters(self, name: str) -> list[Tensor]:
        return self.optimizers[name].param_groups[0]["params"]

    def _gradients(self, name: str, loss: Tensor, *, retain_graph: bool = False) -> Sequence[Tensor]:
        """Gradients of the loss by the parameters of the optimizer `name`."""
        return torch.autograd.grad(loss, self._parameters(name), retain_graph=retain_graph)

    def _update(self, name: str, gradients: Sequence[Tensor]) -> None:
        """One step of the optimizer `name` along gradients of its parameters."""
        for parameter, gradient in zip(self._parameters(name), gradients, strict=True):
            parameter.grad = gradient
        self.optimizers[name].step()

    # After training. z is the mean of q_phi(z | x) throughout, so that an image has one transfer.

    @torch.no_grad()
    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """The image at the mean latent; (B, C, S, S) -> the same shape, in [0, 1]. It needs no labels y."""
        return self.decoder(self.encode(x)[0])

    @torch.no_grad()
    def transfer(self, x: Tensor, domain: int, value: bool, amount: float) -> Tensor:
        """x^(i) for i = `domain`: w_i of (3) decoded; (B, C, S, S) -> the same shape, in [0, 1].

        amount: lambda, or the logit to reach, as the setting `transfer` has it. The paper transfers towards
        label 1 alone; towards 0 is the same way backwards, along -u_i.
        """
        u = self.U[domain] if value else -self.U[domain]
        return self.decoder(self.move(self.encode(x)[0], u, amount))

    def edit(self, x: Tensor, y: Tensor, domain: int, value: bool) -> Tensor:
        """The images with label `domain` set to `value`; (B, C, S, S) -> the same shape, in [0, 1].

        `transfer` by the setting lambda. It needs no labels y (Section 3): nobody asks whether an image has
        `value` already, nor does Algorithm 2.
        """
        return self.transfer(x, domain, value, self.settings["lambda"])

    # State

    def model(self) -> dict[str, Tensor]:
        """What editing needs, and no more."""
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

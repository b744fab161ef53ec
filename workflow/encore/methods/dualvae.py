"""DualVAE (Okamoto et al. 2019), in the order of its Algorithm 1.

A variational autoencoder whose latent space is divided by linear boundaries: beside the decoder of images
stands a linear one of labels, whose logit of label i is the inner product of the latent z and a dual vector
u_i. An image is transferred to domain i by moving z along u_i. Numbers in brackets are the paper's equations.
The paper prints no networks; those here are shared with the CVAE that it compares with.
"""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.gaussian import divergence, draw
from encore.networks.residual_autoencoder import ResidualDecoder, ResidualEncoder, gaussian_log_likelihood


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


class DualVAE(NetworkMethod):
    """Dual variational autoencoder. Settings come from the paper's YAML; see SETTINGS."""

    LABELLED = True
    SETTINGS = {
        "latent": ("count", "entries of the latent z, prior N(0, I), and of each dual vector"),
        "filters": (
            "counts",
            "filters of the encoder's residual blocks, each halves the side; the decoder mirrors them",
        ),
        "pixel_deviation": ("positive", "standard deviation of p(x | z), in the range of the pixels"),
        "iterations": ("count", "passes of the loop of Algorithm 1; the paper's are until convergence"),
        "batch_size": ("count", "M of Algorithm 1, images a batch"),
        "learning_rate": ("positive", "Adam's step size in g, for encoder and decoder"),
        "learning_rate_labels": ("positive", "Adam's step size in g_e, for encoder and U"),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "alpha": (
            "nonnegative",
            "weight of the labels in Algorithm 1; Adam divides it out again but for its epsilon",
        ),
        "transfer": (
            ["fixed", "logit"],
            "lambda of (3): fixed, the same for all images; logit, each image's own",
        ),
        "lambda": (
            "number",
            "how far a transfer goes where it is not chosen for each model: lambda of (3), in lengths of u_i "
            "(fixed); u_i w_i (logit)",
        ),
    }

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.encoder, self.decoder, dual = self.networks.values()
        self.U = dual.weight  # row i is the dual vector u_i
        self.move = MOVES[settings["transfer"]]
        self.amount = settings["lambda"]  # of `edit`, until another is chosen for the trained model
        phi, theta = list(self.encoder.parameters()), list(self.decoder.parameters())
        self.optimizers = {
            "g": self._adam([*phi, *theta]),
            "g_e": self._adam([*phi, self.U], "learning_rate_labels"),
        }

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """Encoder phi, of mean and log variance, decoder theta, and dual vectors U, (n_labels, latent)."""
        channels, side, _ = shape
        latent, filters = settings["latent"], settings["filters"]
        return nn.ModuleDict(
            {
                "encoder": ResidualEncoder(channels, filters, 2 * latent, side),
                "decoder": ResidualDecoder(latent, filters, channels, side),
                "dual": nn.Linear(latent, n_labels, bias=False),  # p_w(y | z) of (2): sigma(U z), no bias
            }
        )

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
        z = draw(mean, log_variance, self.prior(len(x)))  # z_j ~ q_phi(z_j | x_j)
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

    def mean_length(self) -> float:
        """Mean of |u_i| over the dual vectors, in whose lengths (3) measures lambda."""
        return float(self.U.detach().norm(dim=1).mean())

    def edit(self, x: Tensor, y: Tensor, domain: int, value: bool) -> Tensor:
        """The images with label `domain` set to `value`; (B, C, S, S) -> the same shape, in [0, 1].

        `transfer` by `amount`. It needs no labels y (Section 3): nobody asks whether an image has
        `value` already, nor does Algorithm 2.
        """
        return self.transfer(x, domain, value, self.amount)

"""PIAD: perceptual image anomaly detection (Tuluptceva et al. 2019), in the order of its Algorithm 1.

A generator and an encoder learn together: G maps the latent prior to images, E maps images to the latent
prior, both against Wasserstein critics, and G(E(x)) must look like x. The anomaly score of an image is how
little G(E(x)) looks like it (eq. 1). Numbers in brackets are the paper's equations.
"""

import itertools
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.optim import Adam

from encore.methods.base import NetworkMethod
from encore.networks.perceptual import NETWORKS, VGGFeatures, load_features
from encore.networks.residual import (
    NEGATIVE_SLOPE,
    MinibatchStd,
    PreActivationBlock,
    ResidualBlock,
    leaky_relu,
)
from encore.networks.wgan_gp import gradient_penalty
from encore.strict import ConfigError

# --- networks (supplement, Tables 1 to 4) ------------------------------------------------------------


class Generator(nn.Module):
    """z (B, latent, l, l) -> image (B, C, S, S), linear output; S = 4 * 2^(len(filters) - 1), l is 1 or 4."""

    def __init__(self, latent: int, filters: list[int], channels: int, latent_side: int = 1):
        super().__init__()
        if latent_side == 1:
            self.first = nn.Conv2d(latent, filters[0], 4, padding=3)
        else:  # Table 3: the latent is spatial already
            self.first = ResidualBlock(latent, filters[0])
        self.blocks = nn.Sequential(*(PreActivationBlock(a, b, "up") for a, b in itertools.pairwise(filters)))
        self.last_block = PreActivationBlock(filters[-1], filters[-1])
        self.last = nn.Conv2d(filters[-1], channels, 1)

    def forward(self, z: Tensor) -> Tensor:
        return self.last(leaky_relu(self.last_block(self.blocks(self.first(z)))))


class Encoder(nn.Module):
    """image (B, C, S, S) -> z (B, out, l, l), linear, deterministic; S = 4 * 2^(len(filters) - 1), l 1 or 4.

    With `minibatch_std` it is the image critic, whose topology is the same.
    """

    def __init__(
        self, channels: int, filters: list[int], out: int, latent_side: int = 1, minibatch_std: bool = False
    ):
        super().__init__()
        self.first = nn.Conv2d(channels, filters[0], 3, padding=1)
        pairs = itertools.pairwise([filters[0], *filters[:-1]])
        self.blocks = nn.Sequential(*(PreActivationBlock(a, b, "down") for a, b in pairs))
        self.minibatch_std = MinibatchStd() if minibatch_std else nn.Identity()
        if latent_side == 1:
            collapse = nn.Conv2d(filters[-2] + minibatch_std, filters[-1], 4)
            self.collapse = nn.Sequential(nn.LeakyReLU(NEGATIVE_SLOPE), collapse)
        else:  # Table 3: the latent keeps the last resolution
            self.collapse = PreActivationBlock(filters[-2], filters[-1])
        self.last = nn.Conv2d(filters[-1], out, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.minibatch_std(self.blocks(self.first(x)))
        return self.last(leaky_relu(self.collapse(x)))


class ImageCritic(Encoder):
    """D_X: image (B, C, S, S) -> (B,)."""

    def __init__(self, channels: int, filters: list[int]):
        super().__init__(channels, filters, out=1, minibatch_std=True)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).flatten()


class LatentCritic(nn.Sequential):
    """D_Z: z (B, latent, l, l) with `latent` numbers in all -> (B,); units: of the hidden dense layers."""

    def __init__(self, latent: int, units: list[int]):
        hidden = (
            layer
            for a, b in itertools.pairwise([latent, *units])
            for layer in (nn.Linear(a, b), nn.LeakyReLU(NEGATIVE_SLOPE))
        )
        super().__init__(nn.Flatten(), *hidden, nn.Linear(units[-1], 1), nn.Flatten(0))


def initialise(network: nn.Module) -> nn.Module:
    """The released code's initialisation; the paper is silent. Biases keep PyTorch's default."""
    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(
                module.weight, a=NEGATIVE_SLOPE, mode="fan_out", nonlinearity="leaky_relu"
            )
    for module in linear:
        gain = 1.0 if module is linear[-1] else nn.init.calculate_gain("leaky_relu", NEGATIVE_SLOPE)
        nn.init.xavier_uniform_(module.weight, gain)
    return network


# --- reconstruction losses (Section 3.1 and the ablation of Section 4.2) -------------------------------
# Each takes the real images and their reconstructions (B, C, H, W) in [-1, 1] and gives one number an
# image, (B,). The real image's features carry no gradient.


def _per_image_mean(x: Tensor) -> Tensor:
    return x.flatten(1).mean(dim=1)


def relative_perceptual_l1(features: VGGFeatures, real: Tensor, fake: Tensor) -> Tensor:
    """||f(x) - f(y)||_1 / ||f(x)||_1 over normalised features (4)."""
    with torch.no_grad():
        f_real = features(real)
    return _per_image_mean((f_real - features(fake)).abs()) / _per_image_mean(f_real.abs())


def perceptual_l1(features: VGGFeatures, real: Tensor, fake: Tensor) -> Tensor:
    """Mean |f(x) - f(y)| over normalised features ("perc-L1", Section 4.2)."""
    with torch.no_grad():
        f_real = features(real)
    return _per_image_mean((f_real - features(fake)).abs())


def perceptual_l2(features: VGGFeatures, real: Tensor, fake: Tensor) -> Tensor:
    """Mean (f(x) - f(y))^2 over features that are not normalised (2)."""
    with torch.no_grad():
        f_real = features.responses(real)
    return _per_image_mean((f_real - features.responses(fake)).square())


def l2(features: VGGFeatures, real: Tensor, fake: Tensor) -> Tensor:
    """Mean (x - y)^2 over pixels in [-1, 1] ("MSE", Section 4.2)."""
    return _per_image_mean((real - fake).square())


def l2_imagenet(features: VGGFeatures, real: Tensor, fake: Tensor) -> Tensor:
    """Mean (x - y)^2 over pixels normalised for VGG, as the released code measures MSE."""
    return _per_image_mean((features.preprocess(real) - features.preprocess(fake)).square())


LOSSES: Mapping[str, Callable[[VGGFeatures, Tensor, Tensor], Tensor]] = {
    "relative_perceptual_l1": relative_perceptual_l1,
    "perceptual_l1": perceptual_l1,
    "perceptual_l2": perceptual_l2,
    "l2": l2,
    "l2_imagenet": l2_imagenet,
}


# --- gradient-normalising weights (Section 3.3) --------------------------------------------------------

GRADIENT_NORMS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "l2": torch.linalg.vector_norm,  # Algorithm 2, line 2
    "std": torch.std,  # supplement 1.2 and the released code
}


def exponential_smoothing(history: Tensor, factor: float) -> Tensor:
    """y_0 = x_0, y_t = (1 - factor) y_(t-1) + factor x_t along the first axis; (T, L) -> (T, L)."""
    smoothed = [history[0]]
    for value in history[1:]:
        smoothed.append((1 - factor) * smoothed[-1] + factor * value)
    return torch.stack(smoothed)


def select_weight(adversarial: Tensor, reconstruction: Tensor, *, n: int, factor: float, how: str) -> Tensor:
    """gamma after Algorithm 3 from two histories of gradient norms, (T, layers) each; a 0-d tensor.

    l_1 is the adversarial loss and l_2 the reconstruction loss (12). `how` is "mean", the paper's mean over
    the last n entries and over layers, or "median", the released code's median over both together.
    """
    ratio = (
        exponential_smoothing(adversarial, factor)[-n:] / exponential_smoothing(reconstruction, factor)[-n:]
    )
    return ratio.mean(dim=0).mean() if how == "mean" else torch.quantile(ratio, 0.5)


# --- the method ------------------------------------------------------------------------------------


class PIAD(NetworkMethod):
    """Perceptual image anomaly detection. Settings come from the paper's YAML; see SETTINGS."""

    SETTINGS = {
        "latent": ("count", "channels of the latent z, prior N(0, I)"),
        "latent_side": ([1, 4], "side of the latent z, pixels"),
        "generator_filters": ("counts", "filters of G: first convolution, then each BlockUp"),
        "encoder_filters": ("counts", "filters of E: each BlockDown, then the 4x4 convolution"),
        "critic_filters": ("counts", "filters of D_X: each BlockDown, then the 4x4 convolution"),
        "latent_critic_units": ("counts", "units of D_Z's hidden layers, two in the paper"),
        "iterations": ("count", "N of Algorithm 1: updates of generator and encoder"),
        "batch_size": ("count", "images a batch"),
        "n_dis": (
            "count",
            "critic updates before each update of generator and encoder (Algorithm 1, line 2)",
        ),
        "n_weight": ("count", "iterations between two updates of gamma (Algorithm 1, line 9)"),
        "learning_rate": ("positive", "Adam's step size for generator and encoder"),
        "learning_rate_critics": ("positive", "Adam's step size for both critics"),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "weight_decay": ("nonnegative", "L2 penalty inside Adam, all networks"),
        "gradient_penalty_weight": ("nonnegative", "lambda of (5)"),
        "drift_weight": ("nonnegative", "weight of E[D(.)^2] in the critics' loss"),
        "drift_on": (["real", "both"], "samples that the drift term covers"),
        "loss": (
            ["relative_perceptual_l1", "perceptual_l1", "perceptual_l2", "l2", "l2_imagenet"],
            "reconstruction loss and anomaly score, by its name in LOSSES",
        ),
        "features": (
            ["vgg19", "vgg19_caffe", "random_vgg"],
            "network that images are compared in, by its name in networks/perceptual.py",
        ),
        "weights": (["gradient_normalising", "fixed"], "policy for gamma_G and gamma_E"),
        "gamma_g": ("nonnegative", "gamma_G of (8), before the first update or throughout where fixed"),
        "gamma_e": ("nonnegative", "gamma_E of (9), before the first update or throughout where fixed"),
        "gradient_norm": (["l2", "std"], "norm of a layer's gradient (Algorithm 2, line 2)"),
        "gradient_aggregate": (
            ["mean", "median"],
            "how ratios become one gamma (Algorithm 3, lines 5 and 7)",
        ),
        "smoothing_factor": ("part", "weight of the newest value in exponential smoothing"),
        "history_kept": (["count", "all"], "entries of the gradient history that are kept, or all"),
        "history_used": ("count", "N of Algorithm 3: smoothed entries that a ratio is taken over"),
    }
    SCORES = ("score",)

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.G, self.E, self.D_X, self.D_Z = self.networks.values()
        self.features = load_features(settings["features"], weights).to(device)
        self.loss = LOSSES[settings["loss"]]
        self.learners = [*self.G.parameters(), *self.E.parameters()]
        self.critics = [*self.D_X.parameters(), *self.D_Z.parameters()]
        adam = {"betas": tuple(settings["betas"]), "weight_decay": settings["weight_decay"]}
        self.optimizers = {
            "generator_encoder": Adam(self.learners, lr=settings["learning_rate"], **adam),
            "critics": Adam(self.critics, lr=settings["learning_rate_critics"], **adam),
        }
        self.iteration = 0
        self.gamma_g = torch.tensor(float(settings["gamma_g"]), device=device)
        self.gamma_e = torch.tensor(float(settings["gamma_e"]), device=device)
        self.histories = {key: torch.empty(0, device=device) for key in ("g_adv", "g_rec", "e_adv", "e_rec")}

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """G, E, D_X and D_Z."""
        channels, side, _ = shape
        for name in ("generator_filters", "encoder_filters", "critic_filters"):
            reached = 4 * 2 ** (len(settings[name]) - 1)
            if reached != side:
                raise ConfigError(
                    [f"{name} = {settings[name]} makes networks for {reached} pixels, images have {side}."]
                )
        latent, latent_side = settings["latent"], settings["latent_side"]
        networks = {
            "generator": Generator(latent, settings["generator_filters"], channels, latent_side),
            "encoder": Encoder(channels, settings["encoder_filters"], latent, latent_side),
            "image_critic": ImageCritic(channels, settings["critic_filters"]),
            "latent_critic": LatentCritic(latent * latent_side**2, settings["latent_critic_units"]),
        }
        return initialise(nn.ModuleDict(networks))

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes: fresh ones for each critic update and for the update of G and E."""
        return (self.settings["n_dis"] + 1) * self.settings["batch_size"]

    @property
    def deviations(self) -> list[str]:
        """What keeps these numbers from a comparison with the paper's."""
        deviation = NETWORKS[self.settings["features"]].deviation
        return [deviation] if deviation else []

    def prior(self, count: int) -> Tensor:
        """z ~ N(0, I), (count, latent, l, l)."""
        side = self.settings["latent_side"]
        shape = (count, self.settings["latent"], side, side)
        return torch.randn(shape, generator=self.random, device=self.device)

    # Algorithm 1, one pass of the loop of line 1

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """One iteration on `images` (images_per_step, C, S, S) in [-1, 1]; losses as 0-d tensors."""
        *critic_batches, x = images.split(self.settings["batch_size"])
        for batch in critic_batches:  # lines 2-6
            losses = self._update_critics(batch)
        self.iteration += 1
        z = self.prior(len(x))  # line 7
        loss_adv_g = -self.D_X(self.G(z)).mean()  # line 8, (6); the real term has no gradient
        encoded = self.E(x)
        loss_adv_e = -self.D_Z(encoded).mean()
        loss_rec = self.loss(self.features, x, self.G(encoded)).mean()  # (7)
        of_g, of_e = list(self.G.parameters()), list(self.E.parameters())
        g_adv = torch.autograd.grad(loss_adv_g, of_g)
        e_adv = torch.autograd.grad(loss_adv_e, of_e, retain_graph=True)
        rec = torch.autograd.grad(loss_rec, of_g + of_e)
        g_rec, e_rec = rec[: len(of_g)], rec[len(of_g) :]
        if (
            self.settings["weights"] == "gradient_normalising"
            and self.iteration % self.settings["n_weight"] == 0
        ):
            self._update_weights(g_adv=g_adv, g_rec=g_rec, e_adv=e_adv, e_rec=e_rec)  # lines 9-14
        # Lines 15-17, (8) and (9): what reaches E through G is scaled by gamma_E alone.
        of_both = ((self.gamma_g, g_adv, g_rec), (self.gamma_e, e_adv, e_rec))
        self._update(  # line 18
            "generator_encoder",
            [gamma * r + a for gamma, adv, of_rec in of_both for a, r in zip(adv, of_rec, strict=True)],
        )
        generator = {"adversarial_g": loss_adv_g, "adversarial_e": loss_adv_e, "reconstruction": loss_rec}
        weights = {"gamma_g": self.gamma_g, "gamma_e": self.gamma_e}
        return {name: value.detach() for name, value in (losses | generator | weights).items()}

    def _update_critics(self, x: Tensor) -> dict[str, Tensor]:
        """Lines 3-5: both critics on fresh x and z."""
        z = self.prior(len(x))
        with torch.no_grad():
            fake_x, fake_z = self.G(z), self.E(x)
        loss_x = self._critic_loss(self.D_X, x, fake_x)
        loss_z = self._critic_loss(self.D_Z, z, fake_z)
        self._descend("critics", loss_x + loss_z)
        return {"image_critic": loss_x, "latent_critic": loss_z}

    def _critic_loss(self, critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
        """(5) with the drift term of supplement Section 1."""
        d_real, d_fake = critic(real), critic(fake)
        drift = d_real.square().mean()
        if self.settings["drift_on"] == "both":
            drift = drift + d_fake.square().mean()
        mix = torch.rand(len(real), generator=self.random, device=self.device)
        penalty = gradient_penalty(critic, real, fake, mix)
        return (
            d_fake.mean()
            - d_real.mean()
            + self.settings["gradient_penalty_weight"] * penalty
            + self.settings["drift_weight"] * drift
        )

    def _update_weights(self, **gradients: tuple[Tensor, ...]) -> None:
        """Algorithm 2 for each loss and network, then Algorithm 3 for gamma_G and gamma_E."""
        norm = GRADIENT_NORMS[self.settings["gradient_norm"]]
        kept = self.settings["history_kept"]
        for key, gradient in gradients.items():
            # Only weights count, not biases: in these networks every weight has four axes.
            entry = torch.stack([norm(g) for g in gradient if g.dim() == 4]).unsqueeze(0)
            history = torch.cat([self.histories[key].view(-1, entry.shape[1]), entry])
            self.histories[key] = history if kept == "all" else history[-kept:]
        how = {
            "n": self.settings["history_used"],
            "factor": self.settings["smoothing_factor"],
            "how": self.settings["gradient_aggregate"],
        }
        self.gamma_g = select_weight(self.histories["g_adv"], self.histories["g_rec"], **how)
        self.gamma_e = select_weight(self.histories["e_adv"], self.histories["e_rec"], **how)

    # After training

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        """G(E(x)); (B, C, S, S) in [-1, 1] -> the same shape, not clipped."""
        return self.G(self.E(images))

    @torch.no_grad()
    def sample(self, count: int) -> Tensor:
        """G(z) for random z; (count, C, S, S) in [-1, 1], not clipped."""
        return self.G(self.prior(count))

    @torch.no_grad()
    def score(self, images: Tensor) -> dict[str, Tensor]:
        """A(x) (1), one number an image, greater where more anomalous; column name -> (B,)."""
        return {"score": self.loss(self.features, images, self.reconstruct(images))}

    # State

    def state(self) -> dict[str, Tensor]:
        """As of every method, with the iteration, both gammas and what they are computed from."""
        counters = {
            "iteration": torch.tensor(self.iteration),
            "gamma_g": self.gamma_g,
            "gamma_e": self.gamma_e,
        }
        histories = {f"history.{key}": value for key, value in self.histories.items()}
        return super().state() | counters | histories

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        super().load_state(tensors)
        self.iteration = int(tensors["iteration"])
        self.gamma_g = tensors["gamma_g"].to(self.device)
        self.gamma_e = tensors["gamma_e"].to(self.device)
        self.histories = {key: tensors[f"history.{key}"].to(self.device) for key in self.histories}

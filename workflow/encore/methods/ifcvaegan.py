"""IFcVAEGAN (Creswell et al. 2017), in the order of its Algorithm 1.

An autoencoder of images whose encoder gives a latent z and the label y of one attribute. An auxiliary network
learns to guess y from z, and the encoder learns to make it fail, so that the decoder has to take the
attribute from y: an image is edited by decoding its z with the other label. Numbers in brackets are the
paper's equations.

Lines 12 and 13 of Algorithm 1 exchange two networks: psi is the auxiliary one and chi the discriminator, as
in (4) and (11). Below (8) the sign of L_bce is misprinted: it is the cross-entropy.

The networks are those of the released code for images of 64 x 64 pixels; the paper prints no layers. All give
logits, of which the code takes the sigmoid at once. It also has a bias before every batch norm, which takes
it away again. Its gradient is nothing but rounding, out of which RMSprop makes steps of full size: it is left
out here.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import RMSprop

from encore.methods.base import NetworkMethod
from encore.networks.gaussian import draw
from encore.networks.ifcvaegan_discriminator import LAST_SIDE, Discriminator, check_side, features
from encore.strict import ConfigError

# --- networks ----------------------------------------------------------------------------------------


class Encoder(nn.Module):
    """E_phi: image (B, C, S, S) -> mean, log variance of q(z | x), (B, latent), and logit of y_hat, (B, 1).

    label_features: "shared", losses of y_hat reach all of E_y,phi; "detached", its last layer alone.
    """

    def __init__(self, channels: int, filters: Sequence[int], latent: int, label_features: str):
        super().__init__()
        self.features = features(channels, filters)
        units = filters[-1] * LAST_SIDE**2
        self.mean, self.log_variance = nn.Linear(units, latent), nn.Linear(units, latent)
        self.label = nn.Linear(units, 1)
        self.detached = label_features == "detached"

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        of_x = self.features(x)
        label = self.label(of_x.detach() if self.detached else of_x)
        return self.mean(of_x), self.log_variance(of_x), label


class Decoder(nn.Module):
    """D_theta: label y (B, 1) and latent z (B, latent) -> logits of the pixels, (B, C, S, S).

    filters: those of the encoder, which are passed in reverse; every layer doubles the side.
    """

    def __init__(self, latent: int, filters: Sequence[int], channels: int):
        super().__init__()
        first, *others = reversed(filters)
        self.first = nn.Sequential(
            nn.Linear(1 + latent, first * LAST_SIDE**2),
            nn.ReLU(),
            nn.Unflatten(1, (first, LAST_SIDE, LAST_SIDE)),
        )
        self.layers = nn.Sequential(
            *(
                nn.Sequential(_double(a, b, bias=False), nn.BatchNorm2d(b), nn.ReLU())
                for a, b in itertools.pairwise([first, *others])
            )
        )
        self.last = _double(filters[0], channels)

    def forward(self, y: Tensor, z: Tensor) -> Tensor:
        return self.last(self.layers(self.first(torch.cat([y, z], dim=1))))


def _double(in_filters: int, out_filters: int, bias: bool = True) -> nn.Module:
    """A transposed convolution that doubles the side."""
    return nn.ConvTranspose2d(in_filters, out_filters, 3, stride=2, padding=1, output_padding=1, bias=bias)


class Auxiliary(nn.Sequential):
    """A_psi: latent z (B, latent) -> logit of y_tilde, (B, 1); units: of the hidden layers."""

    def __init__(self, latent: int, units: Sequence[int]):
        layers = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in itertools.pairwise([latent, *units])]
        super().__init__(*layers, nn.Linear(units[-1], 1))


def initialise(network: nn.Module) -> nn.Module:
    """PyTorch 0.3's own initialisation, which the released code leaves as it is.

    Weights and biases from U(-1/sqrt(n), 1/sqrt(n)) with n = inputs of a layer times the area of its kernel;
    scales of batch norms from U(0, 1), shifts 0. Later versions count the outputs of a transposed convolution
    for n and let scales begin at 1.
    """
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            bound = 1 / math.sqrt(_fan_in(module))
            for parameter in module.parameters():
                nn.init.uniform_(parameter, -bound, bound)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight)
    return network


def _fan_in(module: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> int:
    if isinstance(module, nn.Linear):
        return module.in_features
    return module.in_channels * math.prod(module.kernel_size)


# --- losses ------------------------------------------------------------------------------------------


def bce(logits: Tensor, target: Tensor) -> Tensor:
    """L_bce of each entry, nats, for sigmoid(logits) as the prediction; (...) -> (...)."""
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def reconstruction(logits: Tensor, x: Tensor) -> Tensor:
    """(3) of each image as coded: summed over channels, averaged over positions; (B, C, S, S) -> (B,)."""
    return bce(logits, x).sum(dim=1).mean(dim=(1, 2))


def divergence(mean: Tensor, log_variance: Tensor, reduction: str) -> Tensor:
    """(8) of each image in closed form, nats; (B, latent) -> (B,).

    reduction: over the entries of z, "sum" as in (8) or "mean" as coded.
    """
    of_entries = mean.square() + log_variance.exp() - 1 - log_variance
    return (of_entries.sum(dim=1) if reduction == "sum" else of_entries.mean(dim=1)) / 2


# --- the method --------------------------------------------------------------------------------------


class IFcVAEGAN(NetworkMethod):
    """Conditional VAE-GAN with information factorisation. Settings come from the paper's YAML; see SETTINGS.

    Table 1 and the naive cVAEGAN of Section 4.1 are weights: gamma = 0 is without L_aux, beta = 0 without
    L^_class, and naive is without both.
    """

    LABELLED = True
    SETTINGS = {
        "latent": ("count", "n_z, entries of the latent z, prior N(0, I)"),
        "filters": (
            "counts",
            "filters of the convolutions of E_phi and C_chi, each of which halves the side down to 4; "
            "in reverse those of D_theta",
        ),
        "aux_units": ("counts", "units of A_psi's hidden layers"),
        "iterations": ("count", "passes of the loop of Algorithm 1, one batch each"),
        "batch_size": ("count", "M, images a batch"),
        "learning_rate": ("positive", "RMSprop's step size, all networks"),
        "smoothing": ("share", "RMSprop's decay of squared gradients: E_phi, D_theta, A_psi"),
        "discriminator_smoothing": ("share", "RMSprop's decay of squared gradients: C_chi"),
        "discriminator_momentum": ("share", "RMSprop's momentum: C_chi; the others have none"),
        "alpha": ("nonnegative", "weight of L_KL (8) in E_phi's loss (10)"),
        "beta": (
            "nonnegative",
            "weight of L^_class (6) in the losses of D_theta (9) and E_phi (10), 0 for none",
        ),
        "gamma": ("nonnegative", "weight of L_aux (7) in E_phi's loss (12), 0 for none"),
        "delta": (
            "nonnegative",
            "weight of the adversarial loss in the losses of D_theta (9) and E_phi (10)",
        ),
        "rho": ("nonnegative", "weight of L_class (5) in E_phi's loss (10)"),
        "gan_weight": ("nonnegative", "factor before the bracket of L_gan (4)"),
        "label_features": (
            ["shared", "detached"],
            "how far losses of y_hat reach: shared, all that it was computed with; detached, the last layer "
            "of E_y,phi alone",
        ),
        "class_hat_target": (
            ["predicted", "true"],
            "what L^_class (6) compares the label of x_hat with: predicted, y_hat; true, y",
        ),
        "aux_latent": (
            ["decoded", "redrawn"],
            "z_hat that A_psi sees: decoded, the one that is decoded; redrawn, another of q(z | x)",
        ),
        "batch_reduction": (
            ["mean", "sum"],
            "mean or sum over the batch of L_rec, L_KL and L_gan, as against the means of the other losses",
        ),
        "kl_reduction": (["sum", "mean"], "sum or mean of L_KL (8) over the entries of z"),
        "generator_loss": (
            ["saturating", "non_saturating"],
            "the adversarial loss: saturating, -L_gan (9, 10); non_saturating, mean of L_bce(C_chi(.), real) "
            "over both kinds of decoded images",
        ),
        "edit_latent": (
            ["sample", "mean"],
            "z_hat of an image to edit: sample, a draw of q(z | x); mean, its mean",
        ),
    }
    KEPT = ("encoder", "decoder")

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.Enc, self.Dec, self.C, self.A = self.networks.values()
        self.seed = seed
        # RMSprop works on each weight alone: one for theta and phi is the two of lines 15 and 16.
        theta_phi = [*self.Dec.parameters(), *self.Enc.parameters()]
        usual = {"lr": settings["learning_rate"], "alpha": settings["smoothing"]}
        of_chi = {
            "alpha": settings["discriminator_smoothing"],
            "momentum": settings["discriminator_momentum"],
        }
        self.optimizers = {
            "autoencoder": RMSprop(theta_phi, **usual),
            "discriminator": RMSprop(self.C.parameters(), **usual | of_chi),
            "auxiliary": RMSprop(self.A.parameters(), **usual),
        }

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """E_phi, D_theta, C_chi and A_psi. ConfigError for more labels than one."""
        if n_labels != 1:
            raise ConfigError([f"n_labels = {n_labels}: IFcVAEGAN has one label y and edits one attribute."])
        channels, side, _ = shape
        latent, filters = settings["latent"], settings["filters"]
        check_side(side, filters)
        networks = {
            "encoder": Encoder(channels, filters, latent, settings["label_features"]),
            "decoder": Decoder(latent, filters, channels),
            "discriminator": Discriminator(channels, filters),
            "auxiliary": Auxiliary(latent, settings["aux_units"]),
        }
        return initialise(nn.ModuleDict(networks))

    # Algorithm 1, one pass of the loop of line 2

    def step(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """One iteration on images x (images_per_step, C, S, S) in [0, 1] and labels y (images_per_step, 1).

        y: 0 or 1. The paper knows no missing label: a NaN makes the losses NaN. Returns them as 0-d tensors.
        """
        self.networks.train()
        losses = self._losses(x, y)
        weight = self.settings
        loss_dec = (  # (9)
            losses["rec"] + weight["beta"] * losses["class_hat"] + weight["delta"] * losses["generator"]
        )
        loss_enc = loss_dec + weight["alpha"] * losses["kl"] + weight["rho"] * losses["class"]  # (10)
        loss_ifcvaegan = loss_enc - weight["gamma"] * losses["aux"]  # (12)
        # What (12) adds to (9) does not depend on theta: one gradient is that of lines 10 and 11.
        u_theta_phi = self._gradients("autoencoder", loss_ifcvaegan, retain_graph=True)
        u_psi = self._gradients("auxiliary", losses["aux"], retain_graph=True)  # line 12, of A_psi
        u_chi = self._gradients("discriminator", losses["gan"])  # line 13, of C_chi
        self._update("autoencoder", u_theta_phi)  # lines 15 and 16
        self._update("discriminator", u_chi)  # line 17
        self._update("auxiliary", u_psi)  # line 18
        return {name: value.detach() for name, value in losses.items()}

    def _losses(self, x: Tensor, y: Tensor) -> dict[str, Tensor]:
        """Lines 4 to 8 and the losses (3) to (8), 0-d tensors with their graphs."""
        choice = self.settings
        over_batch = torch.sum if choice["batch_reduction"] == "sum" else torch.mean
        z = self.prior(len(x))  # line 5
        mean, log_variance, y_hat = self.Enc(x)  # line 6; labels and images are logits until a sigmoid
        z_hat = self._draw(mean, log_variance)
        logits = self.Dec(y_hat.sigmoid(), z_hat)  # line 7
        x_hat, x_of_z = logits.sigmoid(), self._decode_prior(y, z)
        y_tilde = self.A(z_hat if choice["aux_latent"] == "decoded" else self._draw(mean, log_variance))  # 8
        y_hat_hat = self.Enc(x_hat)[2]
        # A target is a constant: PyTorch of the paper's time had no gradient for it.
        class_target = y_hat.sigmoid().detach() if choice["class_hat_target"] == "predicted" else y
        of_c = [self.C(images) for images in (x, x_hat, x_of_z)]
        return {
            "rec": over_batch(reconstruction(logits, x)),  # (3)
            "kl": over_batch(divergence(mean, log_variance, choice["kl_reduction"])),  # (8)
            "class": bce(y_hat, y).mean(),  # (5)
            "class_hat": bce(y_hat_hat, class_target).mean(),  # (6)
            "aux": bce(y_tilde, y).mean(),  # (7)
            "generator": over_batch(self._adversarial(*of_c[1:])),
            "gan": over_batch(self._gan(*of_c)),  # (4)
        }

    def _draw(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """z_hat ~ q(z | x) (Section 2.1); each (B, latent)."""
        return draw(mean, log_variance, self.prior(len(mean)))

    def _decode_prior(self, y: Tensor, z: Tensor) -> Tensor:
        """D_theta(z) of (4), with the labels of the batch as coded; (B, C, S, S)."""
        with torch.no_grad():
            self.Dec(y, z)  # as coded, the running means of the batch norms count these images twice
        return self.Dec(y, z).sigmoid()

    def _gan(self, of_x: Tensor, of_x_hat: Tensor, of_z: Tensor) -> Tensor:
        """L_gan (4) of each image, from C_chi's logits; each (B,)."""
        real, fake = torch.ones_like(of_x), torch.zeros_like(of_x)
        return self.settings["gan_weight"] * (bce(of_x, real) + bce(of_x_hat, fake) + bce(of_z, fake))

    def _adversarial(self, of_x_hat: Tensor, of_z: Tensor) -> Tensor:
        """What delta weighs in (9) and (10), of each image, from C_chi's logits; each (B,)."""
        if self.settings["generator_loss"] == "non_saturating":
            real = torch.ones_like(of_z)
            return (bce(of_x_hat, real) + bce(of_z, real)) / 2
        fake = torch.zeros_like(of_z)  # -L_gan, but for its real term, which theta and phi do not change
        return -self.settings["gan_weight"] * (bce(of_x_hat, fake) + bce(of_z, fake))

    # After training (Section 3.3)

    def edit_noise(self, indices: np.ndarray) -> Tensor | None:
        """The noise of z_hat for the images at `indices` of the dataset, (B, latent); None for the mean.

        An image's own, drawn on the CPU from the run's seed and its index: the same beside any other images,
        in any batch and on any device, and for its reconstruction and both edits.
        """
        if self.settings["edit_latent"] == "mean":
            return None
        latent = self.settings["latent"]
        of_images = (np.random.default_rng([self.seed, index]) for index in indices)
        noise = np.stack([random.standard_normal(latent, np.float32) for random in of_images])
        return torch.from_numpy(noise).to(self.device)

    def _encode(self, x: Tensor, noise: Tensor | None) -> tuple[Tensor, Tensor]:
        """z_hat (B, latent), the mean of q(z | x) without noise, and y_hat (B, 1)."""
        mean, log_variance, y_hat = self.Enc(x)
        return mean if noise is None else draw(mean, log_variance, noise), y_hat.sigmoid()

    @torch.no_grad()
    def edit(self, x: Tensor, y: Tensor, domain: int, value: bool, noise: Tensor | None = None) -> Tensor:
        """D_theta(value, z_hat), images with the attribute set to `value`; (B, C, S, S) -> the same shape.

        y and domain tell nothing here: there is one attribute, and z_hat holds the rest. noise: `edit_noise`.
        """
        self.networks.eval()
        z_hat, y_hat = self._encode(x, noise)
        return self.Dec(torch.full_like(y_hat, value), z_hat).sigmoid()

    @torch.no_grad()
    def reconstruct(self, x: Tensor, y: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        """x_hat = D_theta(y_hat, z_hat), lines 6 and 7; (B, C, S, S) -> the same shape. It needs no y.

        noise: `edit_noise`.
        """
        self.networks.eval()
        z_hat, y_hat = self._encode(x, noise)
        return self.Dec(y_hat, z_hat).sigmoid()

    @torch.no_grad()
    def sample(self, count: int) -> Tensor:
        """D_theta(y, z) for random z, each first with y = 0 and then with y = 1; (count, C, S, S)."""
        self.networks.eval()
        z = self.prior((count + 1) // 2).repeat_interleave(2, dim=0)[:count]
        y = (torch.arange(count, device=self.device) % 2).unsqueeze(1)
        return self.Dec(y.to(z.dtype), z).sigmoid()

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """y_hat, how probable the attribute is, as a logit; (B, C, S, S) -> (B, 1)."""
        self.networks.eval()
        return self.Enc(x)[2]

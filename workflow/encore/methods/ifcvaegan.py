"""IFcVAEGAN (Creswell et al. 2017), in the order of its Algorithm 1.

An autoencoder of images whose encoder gives a latent z and the label y of one attribute. An auxiliary network
learns to guess y from z, and the encoder learns to make it fail, so that the decoder has to take the
attribute from y: an image is edited by decoding its z with the other label. Numbers in brackets are the
paper's equations.

Lines 12 and 13 of Algorithm 1 exchange two networks: psi is the auxiliary one and chi the discriminator, as
in (4) and (11). Below (8) the sign of L_bce is misprinted: it is the cross-entropy.
"""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from encore.networks.ifcvaegan_64 import Auxiliary, Decoder, Discriminator, Encoder, check_side, initialise
from encore.networks.state import load_modules, load_optimizer_state, modules_state, optimizer_state

# The settings that are words, and what each may say.
CHOICES = {
    "label_features": ("shared", "detached"),
    "class_hat_target": ("predicted", "true"),
    "aux_latent": ("decoded", "redrawn"),
    "batch_reduction": ("mean", "sum"),
    "generator_loss": ("saturating", "non_saturating"),
    "edit_latent": ("sample", "mean"),
}


def build_networks(settings: Mapping, channels: int) -> nn.ModuleDict:
    """E_phi, D_theta, C_chi and A_psi of the settings for images with `channels` channels."""
    latent, filters = settings["latent"], settings["filters"]
    return nn.ModuleDict(
        {
            "encoder": Encoder(channels, filters, latent, settings["label_features"]),
            "decoder": Decoder(latent, filters, channels),
            "discriminator": Discriminator(channels, filters),
            "auxiliary": Auxiliary(latent, settings["aux_units"]),
        }
    )


def bce(logits: Tensor, target: Tensor) -> Tensor:
    """L_bce of each entry, nats, for sigmoid(logits) as the prediction; (...) -> (...)."""
    return F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def reconstruction(logits: Tensor, x: Tensor) -> Tensor:
    """(3) of each image as coded: summed over channels, averaged over positions; (B, C, S, S) -> (B,)."""
    return bce(logits, x).sum(dim=1).mean(dim=(1, 2))


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """(8) of each image in closed form, as coded averaged over the entries of z; (B, latent) -> (B,)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=1) / 2


class IFcVAEGAN:
    """Conditional VAE-GAN with information factorisation. Settings come from the paper's YAML; see SETTINGS.

    Table 1 and the naive cVAEGAN of Section 4.1 are weights: gamma = 0 is without L_aux, beta = 0 without
    L^_class, and naive is without both.
    """

    DETERMINISTIC = False
    ON_GPU = True
    LABELLED = True
    SETTINGS = {
        "latent": "n_z, entries of the latent z, prior N(0, I)",
        "filters": "filters of the convolutions of E_phi and C_chi, each of which halves the side down to 4; "
        "in reverse those of D_theta",
        "aux_units": "units of A_psi's hidden layers",
        "iterations": "passes of the loop of Algorithm 1, one batch each",
        "batch_size": "M, images a batch",
        "learning_rate": "RMSprop's step size, all networks",
        "smoothing": "RMSprop's decay of squared gradients: E_phi, D_theta, A_psi",
        "discriminator_smoothing": "RMSprop's decay of squared gradients: C_chi",
        "discriminator_momentum": "RMSprop's momentum: C_chi; the others have none",
        "alpha": "weight of L_KL (8) in E_phi's loss (10)",
        "beta": "weight of L^_class (6) in the losses of D_theta (9) and E_phi (10), 0 for none",
        "gamma": "weight of L_aux (7) in E_phi's loss (12), 0 for none",
        "delta": "weight of the adversarial loss in the losses of D_theta (9) and E_phi (10)",
        "rho": "weight of L_class (5) in E_phi's loss (10)",
        "gan_weight": "factor before the bracket of L_gan (4)",
        "label_features": "how far losses of y_hat reach: shared, all that it was computed with; detached, "
        "the last layer of E_y,phi alone",
        "class_hat_target": "what L^_class (6) compares the label of x_hat with: predicted, y_hat; true, y",
        "aux_latent": "z_hat that A_psi sees: decoded, the one that is decoded; redrawn, another of q(z | x)",
        "batch_reduction": "mean or sum over the batch of L_rec, L_KL and L_gan, as against the means of the "
        "other losses",
        "generator_loss": "the adversarial loss: saturating, -L_gan (9, 10); non_saturating, mean of "
        "L_bce(C_chi(.), real) over both kinds of decoded images",
        "edit_latent": "z_hat of an image to edit: sample, a draw of q(z | x); mean, its mean",
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
        """Networks for images of `shape` (C, S, S), initialised and drawing from `seed`, on `device`.

        ValueError for a setting or an image that does not fit, or for more labels than one.
        """
        self.settings, self.device = settings, device
        if n_labels != 1:
            raise ValueError(f"n_labels = {n_labels}: IFcVAEGAN has one label y and edits one attribute.")
        for name, choices in CHOICES.items():
            if settings[name] not in choices:
                raise ValueError(f"{name}: expected {' or '.join(choices)}, found {settings[name]!r}")
        check_side(shape[1], settings["filters"])
        torch.manual_seed(seed)
        # Drawn on the CPU: the same on every device.
        self.networks = initialise(build_networks(settings, shape[0])).to(device)
        self.Enc, self.Dec, self.C, self.A = self.networks.values()
        # The draw of `edit_latent`, the same for all images: no image's edit depends on those beside it.
        of_edit = torch.Generator().manual_seed(seed)
        self.noise = torch.randn(settings["latent"], generator=of_edit).to(device)
        # RMSprop works on each weight alone: one for theta and phi is the two of lines 15 and 16.
        self.theta_phi = [*self.Dec.parameters(), *self.Enc.parameters()]
        self.chi, self.psi = list(self.C.parameters()), list(self.A.parameters())
        rate, smoothing = settings["learning_rate"], settings["smoothing"]
        self.optimizers = {
            "autoencoder": torch.optim.RMSprop(self.theta_phi, lr=rate, alpha=smoothing),
            "discriminator": torch.optim.RMSprop(
                self.chi,
                lr=rate,
                alpha=settings["discriminator_smoothing"],
                momentum=settings["discriminator_momentum"],
            ),
            "auxiliary": torch.optim.RMSprop(self.psi, lr=rate, alpha=smoothing),
        }
        self.random = torch.Generator(device).manual_seed(seed)

    @property
    def iterations(self) -> int:
        """Passes of the loop of Algorithm 1, which has one batch in each."""
        return self.settings["iterations"]

    @property
    def images_per_step(self) -> int:
        """Images that one `step` takes."""
        return self.settings["batch_size"]

    def prior(self, count: int) -> Tensor:
        """z ~ N(0, I), (count, latent)."""
        return torch.randn(count, self.settings["latent"], generator=self.random, device=self.device)

    @staticmethod
    def model_bytes(settings: Mapping, channels: int, *, n_labels: int = 1) -> int:
        """Size of what `model` gives, bytes, without making it; of one label, as all here."""
        with torch.device("meta"):
            tensors = modules_state(_for_editing(build_networks(settings, channels)))
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())

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
        u_theta_phi = torch.autograd.grad(loss_ifcvaegan, self.theta_phi, retain_graph=True)
        u_psi = torch.autograd.grad(losses["aux"], self.psi, retain_graph=True)  # line 12, of A_psi
        u_chi = torch.autograd.grad(losses["gan"], self.chi)  # line 13, of C_chi
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
        judged = [self.C(images) for images in (x, x_hat, x_of_z)]
        return {
            "rec": over_batch(reconstruction(logits, x)),  # (3)
            "kl": over_batch(divergence(mean, log_variance)),  # (8)
            "class": bce(y_hat, y).mean(),  # (5)
            "class_hat": bce(y_hat_hat, class_target).mean(),  # (6)
            "aux": bce(y_tilde, y).mean(),  # (7)
            "generator": over_batch(self._adversarial(*judged[1:])),
            "gan": over_batch(self._gan(*judged)),  # (4)
        }

    def _draw(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        """z_hat ~ q(z | x) (Section 2.1); each (B, latent)."""
        return mean + (log_variance / 2).exp() * self.prior(len(mean))

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

    def _update(self, name: str, gradients: Sequence[Tensor]) -> None:
        """One step of the optimizer `name` along gradients of its parameters."""
        optimizer = self.optimizers[name]
        for parameter, gradient in zip(optimizer.param_groups[0]["params"], gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()

    # After training (Section 3.3)

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z_hat (B, latent) as `edit_latent` says, and y_hat (B, 1)."""
        mean, log_variance, y_hat = self.Enc(x)
        drawn = mean + (log_variance / 2).exp() * self.noise
        return drawn if self.settings["edit_latent"] == "sample" else mean, y_hat.sigmoid()

    @torch.no_grad()
    def edit(self, x: Tensor, y: Tensor, domain: int, value: bool) -> Tensor:
        """D_theta(value, z_hat), images with the attribute set to `value`; (B, C, S, S) -> the same shape.

        y and domain tell nothing here: there is one attribute, and z_hat holds the rest.
        """
        self.networks.eval()
        z_hat, y_hat = self._encode(x)
        return self.Dec(torch.full_like(y_hat, value), z_hat).sigmoid()

    @torch.no_grad()
    def reconstruct(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """x_hat = D_theta(y_hat, z_hat), lines 6 and 7; (B, C, S, S) -> the same shape. It needs no y."""
        self.networks.eval()
        z_hat, y_hat = self._encode(x)
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
        """y_hat, how probable the attribute is; (B, C, S, S) -> (B,) in [0, 1]."""
        self.networks.eval()
        return self.Enc(x)[2].sigmoid().squeeze(1)

    # State

    def model(self) -> dict[str, Tensor]:
        """What editing needs, and no more."""
        return modules_state(_for_editing(self.networks))

    def load_model(self, tensors: Mapping[str, Tensor]) -> None:
        """Take encoder and decoder from what `model` gave."""
        load_modules(_for_editing(self.networks), tensors)

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


def _for_editing(networks: nn.ModuleDict) -> dict[str, nn.Module]:
    """Encoder and decoder, without which there is no edit."""
    return {name: networks[name] for name in ("encoder", "decoder")}

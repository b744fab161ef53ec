"""Adversarial training of variational auto-encoders (Khan et al. 2018), in the order of its Algorithm 1.

A variational autoencoder makes images, and a second autoencoder, the discriminator, learns to reconstruct
real ones better than those: its error is the energy of an image, as in BEGAN (Berthelot et al. 2017). It also
says how alike an image and its reconstruction are, by the distance of their latents. A controller holds the
energies of both kinds in balance. Numbers in brackets are the paper's equations.

Four places of the text contradict the rest of it, and are read so:

- (7): L_g compares x_g, and not x, with x'_g: x and x_g are no pair, and L_v beside it has x_v and x'_v;
- (10) and line 12: eta is a constant to be reached. Were it the measured ratio, e_t would always be 0;
- (11): + alpha L_v is - alpha L_v, as in (13) and in the measure of convergence below it;
- (12): k_t stays within [0, 1], as BEGAN's does. Below 0 the discriminator would learn to reconstruct fakes.

BEGAN, and all models between it and the paper's, are settings: without a VAE there is a decoder of the prior
alone, and L_v, L_e and L_n are absent; beta = 0 is without the learned similarity; lambda_2 = lambda_3 = 0 is
BEGAN's own update of k_t; without a discriminator there is a VAE of (2) and (3).
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.began import BeganDecoder, BeganEncoder, initialise
from encore.networks.gaussian import divergence, draw
from encore.strict import ConfigError

# --- losses ------------------------------------------------------------------------------------------


def l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of all entries: (2), (7) and (9), each a mean over the batch; 0-d."""
    return (a - b).abs().mean()


def similarity(real: Tensor, generated: Tensor, pairing: str) -> Tensor:
    """L_s (9), 0-d, from the discriminator's latents of both kinds of images, each (B, latent).

    pairing: "images", as it stands, each real image with the generated one at its place; "batch_means",
    between the mean latents of the batch.
    """
    if pairing == "batch_means":
        return l1(real.mean(dim=0), generated.mean(dim=0))
    return l1(real, generated)


def _spread(images: Tensor) -> Tensor:
    """Standard deviation of a pixel over the batch, mean over pixels; 0-d, without history."""
    return images.detach().std(dim=0, correction=0).mean()


# What the Kullback-Leibler divergence of an image, a sum over the latent's entries, is divided by in (3).
KL_DIVISORS = {
    "sum": lambda latent, pixels: 1,
    "mean": lambda latent, pixels: latent,
    "pixels": lambda latent, pixels: pixels,
}


# --- the controller ----------------------------------------------------------------------------------


class Controller:
    """k_t, the discriminator's weight of generated images, by a PID controller in velocity form (12).

    gains: lambda_1 of the error, lambda_2 of its change, lambda_3 of the change of that: summed up, the
    integral, proportional and differential gains of k_t. Before the first iteration k and all errors are 0.
    0-d tensors on the device.
    """

    def __init__(self, gains: Sequence[float], device: str):
        self.gains = tuple(gains)
        self.k = torch.zeros((), device=device)
        self.last, self.last_but_one = torch.zeros_like(self.k), torch.zeros_like(self.k)  # e_{t-1}, e_{t-2}

    def update(self, e: Tensor) -> None:
        """From k_{t-1} to k_t by the error e_t, within [0, 1]."""
        lambda_1, lambda_2, lambda_3 = self.gains
        change = (
            lambda_1 * e + lambda_2 * (e - self.last) + lambda_3 * (e + self.last_but_one - 2 * self.last)
        )
        self.k = (self.k + change).clamp(0, 1)
        self.last_but_one, self.last = self.last, e

    def state(self) -> dict[str, Tensor]:
        """All that the next update depends on."""
        return {
            "controller.k": self.k,
            "controller.last": self.last,
            "controller.last_but_one": self.last_but_one,
        }

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        found = (tensors[name].to(self.k.device) for name in self.state())
        self.k, self.last, self.last_but_one = found


# --- the method --------------------------------------------------------------------------------------


class AdversarialVAE(NetworkMethod):
    """Adversarially trained VAE. Settings come from the paper's YAML; see SETTINGS."""

    SETTINGS = {
        "generator": (
            ["vae", "decoder"],
            "what makes images: vae, an encoder and a decoder; decoder, of draws of the prior, as in BEGAN",
        ),
        "discriminator": (
            ["autoencoder", "none"],
            "what generated images are judged by: autoencoder; none, for a VAE by itself",
        ),
        "filters": (
            "count",
            "n, filters of every block of the decoders and of the encoders' first block, k n of their k-th",
        ),
        "latent": ("count", "N, entries of both autoencoders' latents, prior N(0, I)"),
        "iterations": ("count", "T, passes of the loop of Algorithm 1, one batch each"),
        "batch_size": ("count", "images a batch"),
        "learning_rate": ("positive", "Adam's step size"),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "alpha": (
            "nonnegative",
            "weight of L_v, the energy of the VAE's reconstructions, in (11), (13), (14)",
        ),
        "beta": ("nonnegative", "weight of L_s, the learned similarity, in (14) and (15), 0 for none"),
        "gamma": ("nonnegative", "weight of L_e, the VAE's error, in (14) and (15)"),
        "eta": (
            "positive",
            "ratio of the energies of generated and real images that is to be reached (10)",
        ),
        "lambda_1": ("nonnegative", "gain of the error in (12): the integral one"),
        "lambda_2": ("nonnegative", "gain of the error's change in (12): the proportional one; BEGAN: 0"),
        "lambda_3": (
            "nonnegative",
            "gain of the change of the error's change in (12): the differential one; BEGAN: 0",
        ),
        "kl_reduction": (
            ["mean", "sum", "pixels"],
            "L_n (3) of an image: sum over the entries of its latent; mean over them; or that sum divided by "
            "the number of its pixels and channels, as L_e is",
        ),
        "pairing": (
            ["images", "batch_means"],
            "what L_s (9) compares where there is no VAE: latents of images, each real one with a generated "
            "one of its batch; batch_means, their means over the batch",
        ),
    }

    SCORES = ("score",)

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.Enc, self.Dec = self.networks["encoder"] if self._is_vae else None, self.networks["decoder"]
        self.optimizers = {"decoder": self._adam(self.Dec.parameters())}  # theta_d
        if self._is_vae:
            self.optimizers["encoder"] = self._adam(self.Enc.parameters())  # theta_e
        if self._is_adversarial:
            self.DisEnc = self.networks["discriminator_encoder"]
            self.DisDec = self.networks["discriminator_decoder"]
            of_both = [*self.DisEnc.parameters(), *self.DisDec.parameters()]
            self.optimizers["discriminator"] = self._adam(of_both)  # theta_e', theta_d'
        gains = [settings[f"lambda_{number}"] for number in (1, 2, 3)]
        self.controller = Controller(gains, device)

    @property
    def _is_vae(self) -> bool:
        return self.settings["generator"] == "vae"

    @property
    def _is_adversarial(self) -> bool:
        return self.settings["discriminator"] == "autoencoder"

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """Encoder and decoder of the generator and of the discriminator, where it has them (Section 4)."""
        channels, side, _ = shape
        filters, latent = settings["filters"], settings["latent"]
        networks = {}
        if settings["generator"] == "vae":
            networks["encoder"] = BeganEncoder(channels, filters, 2 * latent, side)  # mean, log variance
        networks["decoder"] = BeganDecoder(latent, filters, channels, side)
        if settings["discriminator"] == "autoencoder":
            networks["discriminator_encoder"] = BeganEncoder(channels, filters, latent, side)
            networks["discriminator_decoder"] = BeganDecoder(latent, filters, channels, side)
        elif "encoder" not in networks:
            raise ConfigError(["generator = decoder, discriminator = none: there is nothing to learn from."])
        return initialise(nn.ModuleDict(networks))

    # Algorithm 1, one pass of the loop

    def step(self, x: Tensor) -> dict[str, Tensor]:
        """One iteration on images x (images_per_step, C, S, S); losses and the balance as 0-d tensors.

        All gradients are of the one forward pass of lines 2 to 10: the updates come after them.
        """
        losses = self._losses(x)
        zero, weight = x.new_zeros(()), self.settings
        L_e, L_n, L_s, L_g, L_v = (losses.get(name, zero) for name in ("L_e", "L_n", "L_s", "L_g", "L_v"))
        guidance = weight["beta"] * L_s + weight["gamma"] * L_e
        gradients = {}
        if self._is_vae:
            gradients["encoder"] = self._gradients("encoder", L_n + guidance, retain_graph=True)  # (15)
        fake = L_g + weight["alpha"] * L_v  # (6): the energy of generated images
        gradients["decoder"] = self._gradients(
            "decoder", fake + guidance, retain_graph=self._is_adversarial
        )  # (14)
        if self._is_adversarial:
            L_dis = losses["L_d"] - self.controller.k * fake  # (13), with k_{t-1}
            gradients["discriminator"] = self._gradients("discriminator", L_dis)
            losses |= self._balance(losses["L_d"].detach(), fake.detach())  # line 12
        for name, of_loss in gradients.items():  # lines 8, 11 and 13
            self._update(name, of_loss)
        return {name: value.detach() for name, value in losses.items()}

    def _losses(self, x: Tensor) -> dict[str, Tensor]:
        """Lines 3 to 7, 9 and 10: the losses that this model has, by name, with their graph.

        Beside them `diversity`, the spread of x_g over the batch as a share of that of x.
        """
        losses, generated = {}, {}
        if self._is_vae:
            mean, log_variance = self._encode(x)
            z_v = draw(mean, log_variance, self.prior(len(x)))  # line 3, (4)
            generated["v"] = x_v = self.Dec(z_v)  # line 5
            losses["L_e"] = l1(x, x_v)  # (2)
            divisor = KL_DIVISORS[self.settings["kl_reduction"]](z_v[0].numel(), x[0].numel())
            losses["L_n"] = divergence(mean, log_variance).mean() / divisor  # (3)
        if not self._is_adversarial:
            return losses
        generated["g"] = self.Dec(self.prior(len(x)))  # lines 4 and 5
        shown = torch.cat([x, *generated.values()])
        latents = self.DisEnc(shown)  # line 6
        z_d, *of_generated = latents.split(len(x))
        if self.settings["beta"]:  # (9): x_v where there is a VAE, else x_g
            pairing = "images" if self._is_vae else self.settings["pairing"]
            losses["L_s"] = similarity(z_d, of_generated[0], pairing)
        energies = (shown - self.DisDec(latents)).abs().flatten(1).mean(dim=1)  # lines 9 and 10, (7)
        parts = energies.split(len(x))
        means = {f"L_{kind}": part.mean() for kind, part in zip(["d", *generated], parts, strict=True)}
        of_real = _spread(x).clamp(min=torch.finfo(x.dtype).tiny)  # 0 for a batch of one image
        return losses | means | {"diversity": _spread(generated["g"]) / of_real}

    def _balance(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """Line 12, from L_d and L_g + alpha L_v: moves k. What shows the balance, by name.

        `k` is k_{t-1}, which this iteration's losses were weighed with; `error` e_t (11), `imbalance` its
        absolute value, and `convergence` the measure at the end of Section 3.4.
        """
        error = self.settings["eta"] * real - fake  # (11)
        shown = {
            "k": self.controller.k,
            "error": error,
            "imbalance": error.abs(),
            "convergence": real + error.abs(),
        }
        self.controller.update(error)  # (12)
        return shown

    # After training (Sections 4 and 5)

    def _encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu_v and the logarithm of sigma_v squared, of (4), each (B, latent)."""
        mean, log_variance = self.Enc(x).chunk(2, dim=1)
        return mean, log_variance

    @property
    def encodes(self) -> bool:
        """Whether there is an encoder that gives an image's latent."""
        return self._is_vae

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """The latent of an image, mu_v of the VAE; (B, C, S, S) -> (B, latent). ConfigError without a VAE."""
        if not self._is_vae:
            raise ConfigError(["generator = decoder: there is no encoder that gives an image's latent."])
        return self._encode(x)[0]

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """The generator's image of a latent; (B, latent) -> (B, C, S, S)."""
        return self.Dec(z)

    def sample(self, count: int) -> Tensor:
        """x_g, images of random latents; (count, C, S, S)."""
        return self.decode(self.prior(count))

    @torch.no_grad()
    def autoencode(self, x: Tensor) -> dict[str, Tensor]:
        """What each of its autoencoders makes of images: name -> (B, C, S, S), in the order of its use."""
        made = {}
        if self._is_vae:
            made["VAE"] = self.Dec(self.encode(x))
        if self._is_adversarial:
            made["discriminator"] = self.DisDec(self.DisEnc(x))
        return made

    def score(self, x: Tensor) -> dict[str, Tensor]:
        """The energy of each image, L_d, or L_e where there is no discriminator; name -> (B,).

        Not the paper's: it ranks nothing.
        """
        *_, of_last = self.autoencode(x).values()
        return {"score": (x - of_last).abs().flatten(1).mean(dim=1)}

    # State

    def state(self) -> dict[str, Tensor]:
        """As of every method, and the controller."""
        return super().state() | self.controller.state()

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave."""
        super().load_state(tensors)
        self.controller.load_state(tensors)

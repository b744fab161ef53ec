"""Progressively growing Reverse-VAE (Gauerhof and Gu 2020, Section 4.3), Algorithm 1 from 4 x 4 pixels on.

Generator, encoder and critic are those of the released code (networks/progressive.py). What text and code do
otherwise is a setting: updates of the critic, one or two steps of the generator, the penalty's norm, the
critic's drift, averaged weights. Numbers in brackets are the paper's equations.
"""

import copy
import itertools
from bisect import bisect_right
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from encore.methods.base import NetworkMethod
from encore.networks.memory import demand_memory, saved_bytes
from encore.networks.progressive import (
    FIRST,
    GrowingEncoder,
    GrowingGenerator,
    doubled,
    in_use,
    shrunk,
    stages_of,
)
from encore.networks.wgan_gp import gradient_penalty
from encore.strict import ConfigError


def penalty_of_pixels(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """The released code's penalty: as `gradient_penalty`, with a norm over the colours of each pixel, and the
    mean over pixels and samples. It asks every pixel for a gradient of norm 1, a sample for one of norm S.
    """
    point = torch.lerp(fake, real, mix.view(-1, 1, 1, 1)).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(point).sum(), point, create_graph=True)
    return (torch.linalg.vector_norm(gradient, dim=1) - 1).square().mean()


PENALTIES = {"sample": gradient_penalty, "pixel": penalty_of_pixels}


class ProgressiveReverseVAE(NetworkMethod):
    """Progressively growing Reverse-VAE. Settings come from the paper's YAML; see SETTINGS.

    An iteration is one update of Gen and Enc. Stage s has images of 4 * 2^s pixels. Every stage but the first
    has two phases of equal length: the new layers fade in, and then are there. Each phase of each stage makes
    as many images as any other, so that a stage with half the batch takes twice the iterations.
    """

    SETTINGS = {
        "latent": ("count", "entries of the latent z, prior N(0, I)"),
        "filters": ("counts", "filters of Gen's stages; Enc and Dis mirror them"),
        "iterations": ("count", "updates of Gen and Enc, all stages together"),
        "batch_sizes": ("counts", "m of Algorithm 1, images a batch, by stage"),
        "n_dis": ("count", "updates of Dis before each update of Gen and Enc (Algorithm 1, line 2)"),
        "learning_rate": ("positive", "alpha, Adam's step size"),
        "learning_rate_reconstruction": (
            "positive",
            "Adam's step size for Gen on L_recon_z (line 17), where it has a step of its own",
        ),
        "betas": ("betas", "Adam's decay rates of both moments"),
        "generator_steps": (
            ["two", "one"],
            "two: lines 16 and 17 as they stand; one: down the sum of both losses and |sigma - 1|",
        ),
        "latents": (
            ["shared", "fresh"],
            "shared: Gen's and Enc's updates have one batch of z and one pass of both (lines 11 to 13); "
            "fresh: Enc's update draws its own",
        ),
        "gradient_penalty_weight": ("nonnegative", "lambda of (6)"),
        "penalty": (["sample", "pixel"], "the norm in (7): of a sample's gradient, or of each pixel's"),
        "drift": ("nonnegative", "weight of the mean of Dis(x)^2 in Dis's loss, on real images"),
        "eta": ("nonnegative", "weight of |sigma - 1| (line 18)"),
        "ema_decay": (
            "share",
            "decay of the moving averages of Gen's and Enc's weights, which are what is kept; 0: the weights",
        ),
    }
    KEPT = ("generator", "encoder")
    SCORES = ("score",)

    def __init__(self, settings, shape, seed, device, weights=(), n_labels=0):
        super().__init__(settings, shape, seed, device, weights, n_labels)
        self.Gen, self.Enc, self.Dis = self.networks.values()
        self.shape = shape
        self.ends = stage_ends(settings["iterations"], settings["batch_sizes"])
        self.kept = copy.deepcopy(nn.ModuleDict(self.kept)).requires_grad_(False)
        self.learned = nn.ModuleDict({"now": self.networks, "average": self.kept})
        self.iteration, self.fits = 0, False
        self._enter(0)

    @staticmethod
    def build_networks(settings, shape, n_labels, random):
        """Gen, Enc and Dis for all stages (layers in the released code)."""
        channels, side, _ = shape
        latent, filters = settings["latent"], settings["filters"]
        for name in ("filters", "batch_sizes"):
            if len(settings[name]) != stages_of(side):
                expected = f"expected {stages_of(side)} numbers, one for each side from 4 to {side} pixels"
                raise ConfigError([f"{name}: {expected}, found {len(settings[name])}."])
        starts = [0, *stage_ends(settings["iterations"], settings["batch_sizes"])]
        lengths = [end - start for start, end in itertools.pairwise(starts)]
        if short := [stage for stage, length in enumerate(lengths) if length < (2 if stage else 1)]:
            side = FIRST << short[0]
            fault = f"iterations: {settings['iterations']} leave {lengths[short[0]]} for {side} pixels"
            raise ConfigError([f"{fault}, where one is needed to fade in, and one after it."])
        return nn.ModuleDict(
            {
                "generator": GrowingGenerator(latent, filters, channels),
                "encoder": GrowingEncoder(channels, filters, latent, critic=False),
                "critic": GrowingEncoder(channels, filters, 1, critic=True),
            }
        )

    # Growing

    @property
    def stage(self) -> int:
        """The stage of the next iteration; after the last one, the last stage."""
        return min(bisect_right(self.ends, self.iteration), len(self.ends) - 1)

    @property
    def fade(self) -> float:
        """How far the newest layers have faded in, from 0 at a stage's first iteration to 1 halfway."""
        stage = self.stage
        if not stage:
            return 1.0
        start, end = self.ends[stage - 1], self.ends[stage]
        return min(1.0, (self.iteration - start) / ((end - start) / 2))

    @property
    def images_per_step(self) -> int:
        """Images that the next `step` takes: fresh ones for each update of Dis."""
        return self.settings["n_dis"] * self.settings["batch_sizes"][self.stage]

    def _enter(self, stage: int) -> None:
        """Optimizers of what the stage learns. As in the released code, each stage begins with new ones."""
        of_generator = in_use(self.Gen, stage)
        self.optimizers = {
            "critic": self._adam(in_use(self.Dis, stage)),
            "generator": self._adam(of_generator),
            "encoder": self._adam(in_use(self.Enc, stage)),
        }
        if self.settings["generator_steps"] == "two":
            self.optimizers["reconstruction"] = self._adam(of_generator, "learning_rate_reconstruction")
        self.entered = stage

    def _as_seen(self, images: Tensor) -> Tensor:
        """Real images at the stage's side, faded in as generated ones are; (B, C, S, S) -> (B, C, s, s)."""
        side, fade = FIRST << self.stage, self.fade
        x = shrunk(images, side)
        return x if fade == 1 else fade * x + (1 - fade) * doubled(shrunk(images, side // 2))

    # Algorithm 1, one pass of the loop of line 1

    def step(self, images: Tensor) -> dict[str, Tensor]:
        """One iteration on `images` (images_per_step, C, S, S); losses as 0-d tensors.

        ConfigError, the first time, where the device's memory does not suffice for all that is to come.
        """
        if not self.fits:
            demand_memory(bytes_needed(self.settings, self.shape), self.device, "lower its batch_sizes")
            self.fits = True
        stage, fade = self.stage, self.fade
        if stage != self.entered:
            self._enter(stage)
        Gen, Enc, Dis = (_at(network, stage, fade) for network in (self.Gen, self.Enc, self.Dis))
        for batch in self._as_seen(images).split(self.settings["batch_sizes"][stage]):  # line 2
            losses = self._update_critic(Gen, Dis, batch)
        losses |= self._update_generator_and_encoder(Gen, Enc, Dis, len(batch))
        self._follow()
        self.iteration += 1
        return {name: value.detach() for name, value in losses.items()}

    def _update_critic(self, Gen, Dis, x: Tensor) -> dict[str, Tensor]:
        """Lines 3 to 10: Dis on fresh x and z, with the released code's drift; its loss."""
        with torch.no_grad():
            generated = Gen(self.prior(len(x)))  # lines 4 and 6
        mix = torch.rand(len(x), generator=self.random, device=self.device)  # line 5
        loss = critic_loss(Dis, x, generated, mix, self.settings)
        self._descend("critic", loss)
        return {"critic": loss}

    def _update_generator_and_encoder(self, Gen, Enc, Dis, count: int) -> dict[str, Tensor]:
        """Lines 11 to 18; losses by name."""
        z = self.prior(count)  # line 11
        generated = Gen(z)  # line 12
        losses = {"adversarial": -Dis(generated).mean()}  # line 14, (5)
        losses |= self._of_latents(z, Enc(generated))  # line 13
        if self.settings["generator_steps"] == "two":
            descents = {"generator": losses["adversarial"], "reconstruction": losses["recon_z"]}  # 16, 17
        else:
            descents = {"generator": losses["adversarial"] + self._to_encode(losses)}
        if self.settings["latents"] == "shared":
            descents["encoder"] = self._to_encode(losses)  # line 18
        # The updates come after all gradients: lines 16 to 18 share the losses of lines 14 and 15.
        gradients = {name: self._gradients(name, loss, retain_graph=True) for name, loss in descents.items()}
        for name, of_loss in gradients.items():
            self._update(name, of_loss)
        if self.settings["latents"] == "fresh":
            z = self.prior(count)
            with torch.no_grad():
                generated = Gen(z)
            self._descend("encoder", self._to_encode(self._of_latents(z, Enc(generated))))
        return losses

    def _of_latents(self, z: Tensor, z_hat: Tensor) -> dict[str, Tensor]:
        """(8) and |sigma - 1|, with one sigma over all entries of the batch; by name."""
        return {
            "recon_z": (z - z_hat).square().sum(dim=1).mean(),  # line 15, (8)
            "std": (z_hat.std() - 1).abs(),  # line 18
        }

    def _to_encode(self, losses: Mapping[str, Tensor]) -> Tensor:
        """What line 18 goes down."""
        return losses["recon_z"] + self.settings["eta"] * losses["std"]

    def _follow(self) -> None:
        """Moving averages of the weights that are kept."""
        share = 1 - self.settings["ema_decay"]
        for name, network in self.kept.items():
            averages = list(network.parameters())
            torch._foreach_lerp_(averages, list(self.networks[name].parameters()), share)

    # After training (Sections 4.1 to 4.3)

    @property
    def encodes(self) -> bool:
        """There is an encoder."""
        return True

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Enc(x); (B, C, S, S) -> (B, latent)."""
        return self.kept["encoder"](images, len(self.ends) - 1)

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        """Gen(z); (B, latent) -> (B, C, S, S)."""
        return self.kept["generator"](z, len(self.ends) - 1)

    def sample(self, count: int) -> Tensor:
        """Gen(z) for random z; (count, C, S, S)."""
        return self.decode(self.prior(count))

    def reconstruct(self, images: Tensor) -> Tensor:
        """x_hat = Gen(Enc(x)); (B, C, S, S) -> the same shape."""
        return self.decode(self.encode(images))

    def autoencode(self, images: Tensor) -> dict[str, Tensor]:
        """What it makes of images, by name."""
        return {"Reverse-VAE": self.reconstruct(images)}

    def score(self, images: Tensor) -> dict[str, Tensor]:
        """Mean squared difference of an image and its reconstruction; name -> (B,). Not the paper's (11)."""
        return {"score": (images - self.reconstruct(images)).square().flatten(1).mean(dim=1)}

    # State

    def state(self) -> dict[str, Tensor]:
        """As of every method, and how far it is."""
        return super().state() | {"iteration": torch.tensor(self.iteration)}

    def load_state(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from what `state` gave, also in the middle of a fade."""
        self.iteration = int(tensors["iteration"])
        self._enter(bisect_right(self.ends, self.iteration - 1) if self.iteration else 0)
        super().load_state(tensors)


def stage_ends(iterations: int, batch_sizes: list[int]) -> list[int]:
    """The iteration at which each stage ends, if all phases make equally many images and all stages but the
    first have two; the last is `iterations`.
    """
    lengths = [(1 if stage == 0 else 2) / batch for stage, batch in enumerate(batch_sizes)]
    return [round(iterations * sum_to / sum(lengths)) for sum_to in itertools.accumulate(lengths)]


def critic_loss(
    Dis: Callable[[Tensor], Tensor], x: Tensor, generated: Tensor, mix: Tensor, settings: Mapping
) -> Tensor:
    """(6) with the drift, 0-d: of real and generated images (B, C, s, s), mixed by mix (B,) for (7)."""
    of_real = Dis(x)
    penalty = PENALTIES[settings["penalty"]](Dis, x, generated, mix)
    loss = Dis(generated).mean() - of_real.mean() + settings["gradient_penalty_weight"] * penalty
    return loss + settings["drift"] * of_real.square().mean()


def bytes_needed(settings: Mapping, shape: tuple[int, int, int]) -> int:
    """Bytes that a training takes at the stage that takes most, by a count of its float32 numbers.

    Parameters, gradients, Adam's moments, averaged weights, and what the passes of one update save for going
    backward; not what kernels and the allocator take beside that.
    """
    with torch.device("meta"):
        networks = ProgressiveReverseVAE.build_networks(settings, shape, 0, None)
        counted = [
            saved_bytes(lambda s=stage, own=update: own(networks, settings, shape[0], s))
            for stage in range(len(settings["batch_sizes"]))
            for update in (_critics_passes, _generators_passes)
        ]
    of = {name: sum(p.nbytes for p in network.parameters()) for name, network in networks.items()}
    moments = 2 * (sum(of.values()) + (settings["generator_steps"] == "two") * of["generator"])
    return 2 * sum(of.values()) + moments + of["generator"] + of["encoder"] + max(counted)


def _critics_passes(networks: nn.ModuleDict, settings: Mapping, channels: int, stage: int) -> None:
    batch, side = settings["batch_sizes"][stage], FIRST << stage
    images = torch.empty(2, batch, channels, side, side)
    critic_loss(_at(networks["critic"], stage, 0.5), *images, torch.empty(batch), settings)


def _generators_passes(networks: nn.ModuleDict, settings: Mapping, channels: int, stage: int) -> None:
    Gen, Enc, Dis = (_at(networks[name], stage, 0.5) for name in ("generator", "encoder", "critic"))
    generated = Gen(torch.empty(settings["batch_sizes"][stage], settings["latent"]))
    Dis(generated), Enc(generated)


def _at(network: nn.Module, stage: int, fade: float) -> Callable[[Tensor], Tensor]:
    return lambda x: network(x, stage, fade)

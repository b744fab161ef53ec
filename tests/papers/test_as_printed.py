"""Settings and claims of PIAD and Reverse-VAE as their texts print them, and as their released code has them.

A second copy of what the YAML says, compared with the papers line by line: a slip of the pen there is a
difference here.
A tuple is what the text has and what the code has, where they differ.
"""

import pytest

from encore.papers.read import load_paper

# Supplement 1, and where it says nothing the released code.
PIAD = {
    "pixel_range": [-1, 1],
    "crop": "none",
    "resize": "bilinear",
    "batch_size": 32,
    "n_dis": 2,
    "n_weight": 100,
    "learning_rate": (0.0002, 0.0001),
    "learning_rate_critics": 0.0005,
    "betas": [0.5, 0.99],
    "weight_decay": (0, 1e-8),
    "gradient_penalty_weight": 10,
    "drift_weight": 0.001,
    "drift_on": ("real", "both"),
    "loss": "relative_perceptual_l1",
    "features": "vgg19",
    "weights": "gradient_normalising",
    "gamma_g": 1,
    "gamma_e": 1,
    "gradient_norm": ("l2", "std"),
    "gradient_aggregate": ("mean", "median"),
    "smoothing_factor": 0.05,
    "history_kept": ("all", 200),
    "history_used": 200,
}


def networks(size, latent, side, generator, encoder, critic, latent_critic):
    """A table of the supplement: filters of the blocks in its order, units of D_Z."""
    return {
        "image_size": size,
        "latent": latent,
        "latent_side": side,
        "generator_filters": generator,
        "encoder_filters": encoder,
        "critic_filters": critic,
        "latent_critic_units": latent_critic,
    }


TABLE_1 = networks(32, 32, 1, [32] * 4, [32] * 4, [32] * 4, [128, 128])
TABLE_2 = networks(32, 256, 1, [256, 256, 128, 64], [64, 128, 256, 256], [32, 64, 128, 128], [1024, 1024])
TABLE_3 = networks(64, 32, 4, [64] * 5, [64] * 5, [64] * 5, [2048, 2048])
TABLE_4 = networks(64, 64, 1, [64] * 5, [64] * 5, [64] * 5, [256, 256])
CIFAR10 = PIAD | TABLE_2 | {"resize": "none", "iterations": 100_000}
SQUARED = {"loss": ("l2", "l2_imagenet")}
# Of COIL-100, in the order of the released code.
OBJECTS = [79, 48, 65, 98, 73, 13, 14, 39, 57, 28, 42, 75, 44, 24, 82]
OBJECTS += [56, 7, 47, 68, 30, 33, 90, 70, 87, 12, 91, 4, 22, 71, 55]
FIVE = ["Bald", "Mustache", "Bangs", "Eyeglasses", "Wearing_Hat"]

# Section 4.5: networks of EfficientGAN; Algorithm 1 trains them.
EFFICIENTGAN_NETWORKS = {
    "image_size": 28,
    "crop": "none",
    "resize": "none",
    "latent": 200,
    "generator_units": 1024,
    "generator_filters": [128, 64],
    "encoder_filters": [32, 64, 128],
}
REVERSE_VAE = EFFICIENTGAN_NETWORKS | {
    "pixel_range": [0, 1],
    "output": "sigmoid",
    "critic_filters": [64, 64],
    "critic_units": 1024,
    "critic_norm": ("batch", "none"),
    "feature_layer": 3,
    "batch_size": 100,
    "n_dis": 5,
    "learning_rate": 0.0001,
    "learning_rate_reconstruction": 0.0001 / 5,
    "betas": [0, 0.99],
    "gradient_penalty_weight": 10,
    "xi": 1,
    "eta": 1,
}
EFFICIENTGAN = EFFICIENTGAN_NETWORKS | {
    "pixel_range": [-1, 1],
    "output": "tanh",
    "discriminator_filters": [64, 64],
    "latent_units": 512,
    "joint_units": 1024,
    "dropout": 0.5,
    "batch_size": 100,
    "learning_rate": 0.00001,
    "betas": [0.5, 0.999],
    "ema_decay": 0.999,
    "feature_weight": 0.1,
}

PRINTED = {
    "piad-mnist": PIAD | TABLE_1 | {"iterations": 50_000},
    "piad-fmnist": PIAD | TABLE_1 | {"iterations": 50_000},
    "piad-coil100": PIAD | TABLE_1 | {"iterations": 20_000, "resize": "gaussian"},
    "piad-cifar10": CIFAR10,
    "piad-lsun": PIAD | TABLE_3 | {"iterations": (200_000, 300_000), "n_dis": 3, "crop": 256},
    "piad-celeba": PIAD | TABLE_4 | {"iterations": 200_000, "n_dis": 3, "crop": 140},
    "ablation-baseline": CIFAR10 | SQUARED | {"weights": "fixed", "gamma_g": 100, "gamma_e": 10},
    "ablation-gr-norm": CIFAR10 | SQUARED,
    "ablation-perc": CIFAR10 | {"loss": "perceptual_l2"},
    "ablation-perc-l1": CIFAR10 | {"loss": "perceptual_l1"},
    "reverse-vae-mnist": REVERSE_VAE,
    "efficientgan-mnist": EFFICIENTGAN,
    "efficientgan-mnist-leaking": EFFICIENTGAN,
    **{name: {"whitening": "pca"} for name in ("ocsvm-mnist", "kde-mnist", "ocsvm-cifar10", "kde-cifar10")},
}
SHALLOW = {"whitened_variance": 0.95, "crop": "none", "resize": "none", "pixel_range": [0, 1]}
KDE = {
    "bandwidth": "cross_validation",
    "bandwidth_grid": [round(2 ** (step / 2 - 4.5), 4) for step in range(20)],
    "bandwidth_folds": 5,
    "bandwidth_images": 1000,
    "leaf_size": "all",
}
# What no source says is chosen; these choices can make a paper's method another one.
CHOSEN = {
    "reverse-vae-mnist": {"recon_x_weight": 1, "learning_rate_recon_x": 0.0001 / 5, "iterations": 50_000},
    "efficientgan-mnist": {"iterations": 50_000},
    "vae-mnist": {
        "pixel_range": [0, 1],
        "image_size": 28,
        "latent": 200,
        "batch_size": 100,
        "learning_rate": 0.001,
        "betas": [0.9, 0.999],
        "monte_carlo": 10,
        "iterations": 50_000,
        "encoder_filters": [32, 64, 128],
        "generator_units": 1024,
        "generator_filters": [128, 64],
    },
    "ocsvm-mnist": SHALLOW | {"nu": 0.5, "gamma": "scale", "image_size": 28},
    "ocsvm-cifar10": SHALLOW | {"nu": 0.5, "gamma": "scale", "image_size": 32},
    "kde-mnist": SHALLOW | KDE | {"image_size": 28},
    "kde-cifar10": SHALLOW | KDE | {"image_size": 32},
}
# Dataset, how it is divided, whether each seed has a split of its own, and units; None for all classes.
DIVIDED = {
    "piad-mnist": ("mnist", "one_vs_all", False, None),
    "piad-cifar10": ("cifar10", "one_vs_all", False, None),
    "piad-fmnist": ("fashion_mnist", "pooled_80_20", True, None),
    "piad-coil100": ("coil100", "pooled_80_20", True, [str(number) for number in OBJECTS]),
    "piad-lsun": ("lsun", "one_vs_all", False, ["bedroom"]),
    "piad-celeba": ("celeba", ("one_attribute", "celeba_attributes"), False, FIVE),
    "ablation-gr-norm": ("cifar10", "one_vs_all", False, None),
    "reverse-vae-mnist": ("mnist", "digit_is_anomaly", True, None),
    "efficientgan-mnist": ("mnist", "digit_is_anomaly", True, None),
    "efficientgan-mnist-leaking": ("mnist", "digit_is_anomaly_leaking", True, None),
    "vae-mnist": ("mnist", "digit_is_anomaly", True, None),
}
# Kind, and the number that a claim is decided by: chance, threshold or margin.
CLAIMS = {
    "best_on_mnist": ("best", None),
    "best_on_cifar10": ("best", None),
    "best_on_fmnist": ("best", None),
    "best_on_coil100": ("best", None),
    "best_on_lsun": ("best", None),
    "eyeglasses_and_hat_easiest": ("ordered", None),
    "bald_fails": ("at_chance", (0.5, 0.02)),
    "policy_equals_manual": ("equal", 0.01),
    "each_further_step_helps": ("ordered", None),
    "reverse_vae_best_on_mnist": ("best", None),
    "reverse_vae_fails_at_1": ("below_chance", 0.5),
    "vae_fails_at_1": ("below_chance", 0.5),
    "efficientgan_fails_at_1": ("below_chance", 0.5),
    "reverse_vae_anomalies_resemble_normal": ("at_least", 0.5),
    "reverse_vae_seven_becomes_nine_or_four": ("at_least", 0.5),
}
PAPERS = [load_paper(name) for name in ("piad", "reverse_vae")]
EXPERIMENTS = {name: one for paper in PAPERS for name, one in paper.experiments.items()}
READINGS = pytest.mark.parametrize("reading", ["paper", "code"])


def read(value, reading):
    """A value of the tables above under a reading."""
    return value[("paper", "code").index(reading)] if isinstance(value, tuple) else value


@READINGS
@pytest.mark.parametrize("name", PRINTED)
def test_settings_with_a_source_are_those_of_the_source(name, reading):
    resolved = EXPERIMENTS[name].resolve(reading)
    found = {key: one.value for key, one in resolved.items() if one.source != "assumed"}
    assert found == {key: read(value, reading) for key, value in PRINTED[name].items()}


@READINGS
@pytest.mark.parametrize("name", CHOSEN)
def test_settings_without_a_source_are_as_they_were_chosen(name, reading):
    resolved = EXPERIMENTS[name].resolve(reading)
    assert {key: resolved[key].value for key in CHOSEN[name]} == CHOSEN[name]
    assert {resolved[key].source for key in CHOSEN[name]} == {"assumed"}


def test_the_notebook_of_reverse_vae_has_a_factor_of_its_own():
    assert EXPERIMENTS["reverse-vae-mnist"].values("code,xi=notebook")["xi"] == 0.01


@READINGS
@pytest.mark.parametrize("name", DIVIDED)
def test_data_are_divided_as_the_source_says(name, reading):
    experiment = EXPERIMENTS[name]
    dataset, protocol, each, units = DIVIDED[name]
    assert (experiment.dataset, experiment.protocol(reading)) == (dataset, read(protocol, reading))
    assert experiment.split_seed_of(7) == (7 if each else 0)
    if units is not None:
        assert list(experiment.units) == units
    else:
        assert len(experiment.units) == 10


def test_margins_are_those_that_were_fixed_before_the_first_run():
    """They decide every verdict."""
    piad, reverse_vae = (paper.tables for paper in PAPERS)
    found = {name: table["margins"] for name, table in piad.items() if "margins" in table}
    assert {
        name: (one["cell"]["value"], one["average"]["value"]) for name, one in found.items()
    } == dict.fromkeys(
        ("piad_table2", "piad_table3_left", "piad_table3_center", "piad_lsun", "piad_table3_right"),
        (0.02, 0.01),
    )
    (own,) = (name for name, table in reverse_vae.items() if "margins" in table)  # bars have no numbers
    margins = reverse_vae[own]["margins"]
    assert (own, margins["cell"]["value"], margins["average"]["value"]) == ("reverse_vae_table1", 1, 1)


def test_claims_are_decided_by_the_numbers_that_they_name():
    found = {}
    for name, claim in ((name, claim) for paper in PAPERS for name, claim in paper.claims.items()):
        numbers = [claim[key]["value"] for key in ("chance", "threshold", "margin") if key in claim]
        found[name] = (claim["kind"], tuple(numbers) if len(numbers) > 1 else (*numbers, None)[0])
    assert found == CLAIMS


def test_what_a_claim_speaks_of():
    piad, reverse_vae = (paper.claims for paper in PAPERS)
    assert [[cell["subset"] for cell in group] for group in piad["eyeglasses_and_hat_easiest"]["groups"]] == [
        ["Bald", "Mustache", "Bangs"],
        ["Eyeglasses", "Wearing_Hat"],
    ]
    assert [[cell["method"] for cell in group] for group in piad["each_further_step_helps"]["groups"]] == [
        ["+ gr-norm w"],
        ["+ gr-norm w + perc"],
        ["+ gr-norm w + perc-L1"],
        ["+ gr-norm w + rel-perc-L1"],
    ]
    assert [cell["method"] for cell in piad["policy_equals_manual"]["cells"]] == ["+ gr-norm w", "baseline"]
    assert piad["bald_fails"]["cell"]["subset"] == "Bald"
    ones = {name: claim["cell"] for name, claim in reverse_vae.items() if name.endswith("fails_at_1")}
    assert {name: (cell["method"], cell["subset"]) for name, cell in ones.items()} == {
        "reverse_vae_fails_at_1": ("Reverse-VAE", "1"),
        "vae_fails_at_1": ("VAE (An & Cho)", "1"),
        "efficientgan_fails_at_1": ("EfficientGAN", "1"),
    }
    assert EXPERIMENTS["reverse-vae-mnist"].resemblance == {"7": ("4", "9")}

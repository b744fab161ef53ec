"""Protocols: sizes in closed form, what units share, and digests that must never change."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from encore import registry
from encore.datasets.divide import make_split
from encore.datasets.protocols.celeba_attributes import FIVE
from encore.datasets.read import Images
from encore.datasets.read import read_unchecked as read
from encore.datasets.split import Split, save_split

# Class c has 20 + c train images and 5 test images, mixed within each part.
OF_CLASSES = ("one_vs_all", "pooled_80_20", "digit_is_anomaly", "digit_is_anomaly_leaking")
OF_ANY = ("all_images", "all_images_fifth", "all_images_last_half")
VALIDATED = ("official_parts_validated", "held_out_fifth_validated")
OF_ATTRIBUTES = ("celeba_attributes", "one_attribute", "official_parts", "held_out_fifth", *VALIDATED)
COUNTS = np.arange(20, 30)
N_TRAIN = int(COUNTS.sum())


@pytest.fixture
def labels() -> np.ndarray:
    rng = np.random.RandomState(0)  # a frozen stream: these labels are in the digests below
    train, test = np.repeat(np.arange(10), COUNTS), np.repeat(np.arange(10), 5)
    return np.concatenate([rng.permutation(train), rng.permutation(test)])


def split_of(protocol: str, labels: np.ndarray, n_train: int, unit: int, split_seed: int) -> Split:
    """The split of a dataset of which only the labels matter."""
    images = Images(np.empty((len(labels), 1, 1, 1), np.uint8), labels, n_train, ("any",))
    return make_split(protocol, images, unit, split_seed)


def indices(split: Split) -> tuple[list[int], list[int], list[bool]]:
    flags = split.with_attribute if split.anomalous is None else split.anomalous
    return split.train.tolist(), split.test.tolist(), flags.tolist()


def digest(split: Split, folder: Path) -> str:
    path = folder / "split.safetensors"
    save_split(split, path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("unit", range(10))
def test_one_vs_all_is_the_official_split(labels: np.ndarray, unit: int) -> None:
    split = split_of("one_vs_all", labels, N_TRAIN, unit, split_seed=0)
    assert split.train.tolist() == [i for i in range(N_TRAIN) if labels[i] == unit]
    assert split.test.tolist() == list(range(N_TRAIN, len(labels)))
    assert split.anomalous.tolist() == [label != unit for label in labels[N_TRAIN:]]
    assert indices(split) == indices(split_of("one_vs_all", labels, N_TRAIN, unit, split_seed=1))


@pytest.mark.parametrize("unit", range(10))
def test_pooled_80_20_has_the_sizes_of_its_name(labels: np.ndarray, unit: int) -> None:
    split = split_of("pooled_80_20", labels, N_TRAIN, unit, split_seed=0)
    total = COUNTS[unit] + 5
    n_train, n_held_out = total * 4 // 5, total - total * 4 // 5
    assert (len(split.train), len(split.test)) == (n_train, 2 * n_held_out)
    assert split.anomalous.sum() == n_held_out
    assert set(labels[split.train]) == {unit}
    np.testing.assert_array_equal(split.anomalous, labels[split.test] != unit)
    normal = np.concatenate([split.train, split.test[~split.anomalous]])
    assert sorted(normal) == np.flatnonzero(labels == unit).tolist()
    # Both official parts are in it.
    assert (split.train < N_TRAIN).any()
    assert (split.train >= N_TRAIN).any()


def test_pooled_80_20_shares_its_folds_among_the_units(labels: np.ndarray) -> None:
    splits = [split_of("pooled_80_20", labels, N_TRAIN, unit, split_seed=0) for unit in range(10)]
    trained_on = np.concatenate([split.train for split in splits])
    held_out = np.concatenate([split.test[~split.anomalous] for split in splits])
    assert sorted(np.concatenate([trained_on, held_out])) == list(range(len(labels)))
    for split in splits:
        assert np.isin(split.test, held_out).all()  # no anomaly comes from another unit's train fold


def test_pooled_80_20_draws_anomalies_for_each_unit_on_its_own() -> None:
    # Two units that exclude classes of one size: the pools are equal but for the class left out.
    labels = np.repeat(np.arange(10), 100)
    drawn = [
        set(split.test[split.anomalous])
        for split in (split_of("pooled_80_20", labels, 800, unit, split_seed=0) for unit in range(10))
    ]
    assert len({frozenset(anomalies) for anomalies in drawn}) == 10
    # 20 of 180, twice: about 2 are shared, and hardly any draw shares 10.
    assert max(len(a & b) for i, a in enumerate(drawn) for b in drawn[:i]) < 10


def test_split_seed_changes_folds_and_the_first_unit_is_no_copy_of_them(labels: np.ndarray) -> None:
    splits = [split_of("pooled_80_20", labels, N_TRAIN, 0, split_seed=seed) for seed in range(20)]
    assert len({tuple(split.train) for split in splits}) == 20
    assert indices(splits[3]) == indices(split_of("pooled_80_20", labels, N_TRAIN, 0, split_seed=3))


@pytest.mark.parametrize("unit", range(10))
def test_digit_is_anomaly_trains_on_four_fifths_of_all_others(labels: np.ndarray, unit: int) -> None:
    split = split_of("digit_is_anomaly", labels, N_TRAIN, unit, split_seed=0)
    normals = np.flatnonzero(labels != unit)
    assert len(split.train) == len(normals) * 4 // 5
    assert sorted([*split.train, *split.test[~split.anomalous]]) == normals.tolist()
    assert split.test[split.anomalous].tolist() == np.flatnonzero(labels == unit).tolist()
    assert set(labels[split.train]) == set(range(10)) - {unit}  # not cut class by class
    assert (split.leaks, split.leaked, split.deviations) == (False, 0.0, [])
    other = split_of("digit_is_anomaly", labels, N_TRAIN, unit, split_seed=1)
    assert other.train.tolist() != split.train.tolist()


def test_the_leaking_split_tests_on_training_images_and_says_so(labels: np.ndarray) -> None:
    many = np.tile(labels, 20)
    honest, leaking = (
        split_of(protocol, many, len(many), 3, split_seed=0)
        for protocol in ("digit_is_anomaly", "digit_is_anomaly_leaking")
    )
    assert leaking.train.tolist() == honest.train.tolist()
    assert len(leaking.test) == len(honest.test)
    assert leaking.test[leaking.anomalous].tolist() == honest.test[honest.anomalous].tolist()
    normal = leaking.test[~leaking.anomalous].tolist()
    shared = len(set(normal) & set(leaking.train.tolist())) / len(normal)
    # Each of 1,068 is a training image with probability 4/5: the share's sd is 0.012.
    assert shared == pytest.approx(0.8, abs=0.05)
    assert leaking.leaked == pytest.approx(shared)
    assert leaking.deviations == [f"{100 * shared:.1f} % of the normal test images are training images"]


def test_shuffles_are_fair() -> None:
    labels = np.repeat([0, 1], 10)
    held_out = np.zeros(20)
    for seed in range(2000):
        split = split_of("pooled_80_20", labels, 20, 0, split_seed=seed)
        held_out[split.test] += 1
    # Each of 20 images is held out, or drawn, with probability 1/5: sd of the count is 17.9.
    assert np.abs(held_out - 400).max() < 5 * 17.9


@pytest.mark.parametrize(
    ("protocol", "unit", "expected"),
    [
        ("one_vs_all", 0, "c7e2b3d3d45ddb7ee67319aa15ad3093b8213476a3250fa8f4e6a0cd6630c5ee"),
        ("one_vs_all", 9, "4863bc3726d2e9d449deb27fe99ee5d1587e5983163b4935aa73ca02633d1dda"),
        ("pooled_80_20", 0, "7cd62bfe33a2665e4b98c607b68c68c71c31533283458094ad77dcf573fe5d21"),
        ("pooled_80_20", 9, "ce3f64a94ff6274dc2a2c5bd9e37c8801809c9c2fb75c645d162067e8b4bd72c"),
        ("digit_is_anomaly", 0, "0000c070f76fb19f335097b1bbe0b2e303eeb60f074fcfc7c3d3f0533c5b6a7d"),
        ("digit_is_anomaly", 9, "40da90618dd492b45ab1a03b9946a7f11f72657c372bcf8d2cfc714b920bbe21"),
        ("digit_is_anomaly_leaking", 0, "86e0b6600e60834c3a956da035ca2da192da183a595ae62eb1be39ea90e85aac"),
        ("digit_is_anomaly_leaking", 9, "24b5f2c45a0da243cdbc3fb1f85c73dc9e02e541ea085f198749517d776dd457"),
    ],
)
def test_digests_of_synthetic_splits(
    labels: np.ndarray, tmp_path: Path, protocol: str, unit: int, expected: str
) -> None:
    assert digest(split_of(protocol, labels, N_TRAIN, unit, split_seed=0), tmp_path) == expected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (0, "d29c13610344ab9fd2790ceeda27e79fea51b7c6f271b94039742266aa6714dd"),
        (8, "ec255187ecaa463a30ab5f79d55e86e8ae8cb899e545f5158c8725134c601192"),
    ],
)
def test_digests_of_digits_splits(tmp_path: Path, unit: int, expected: str) -> None:
    images = read("digits", tmp_path)
    assert digest(make_split("pooled_80_20", images, unit, 0), tmp_path) == expected


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ("one_vs_all", "b2dde3ebc29b456ef4fa021d31e2f4beca0aff98f225442c61d82a8b222e2d3c"),
        ("pooled_80_20", "6fee24c17cbe7ce69a0c84d92747194b31c564ffd8c0e3bd365bfb32b65d19b6"),
        ("digit_is_anomaly", "b9127207527d3e1cfba0d1c6b9726fbfbe139a4260e6195198d5e1ce9b7d90ba"),
        ("digit_is_anomaly_leaking", "3b07b2713731426d7855a52eca0e8141f525d37b2d213c5df9d75a28423560a7"),
    ],
)
def test_digests_of_mnist_splits(real_data_dir: Path, tmp_path: Path, protocol: str, expected: str) -> None:
    images = read("mnist", real_data_dir)
    assert digest(make_split(protocol, images, 3, 0), tmp_path) == expected


def test_one_vs_all_refuses_a_dataset_without_test_part(labels: np.ndarray) -> None:
    with pytest.raises(
        ValueError, match="one_vs_all: expected a dataset with an official test part, found none"
    ):
        split_of("one_vs_all", labels, len(labels), 0, split_seed=0)


@pytest.mark.parametrize("unit", [0, 7])
def test_all_images_are_the_official_parts_of_all_classes(labels: np.ndarray, unit: int) -> None:
    split = split_of("all_images", labels, N_TRAIN, unit, split_seed=unit)
    assert split.train.tolist() == list(range(N_TRAIN))
    assert split.test.tolist() == list(range(N_TRAIN, len(labels)))
    assert not split.anomalous.any()
    with pytest.raises(ValueError, match="all_images: expected a dataset with an official test part"):
        split_of("all_images", labels, len(labels), unit, split_seed=0)


@pytest.mark.parametrize("protocol", OF_CLASSES)
def test_a_class_without_images_is_refused(labels: np.ndarray, protocol: str) -> None:
    with pytest.raises(ValueError, match="found none"):
        split_of(protocol, labels, N_TRAIN, 10, split_seed=0)


def test_pooled_80_20_refuses_too_few_anomalies() -> None:
    with pytest.raises(ValueError, match="expected 20 anomalies to draw, found 2"):
        split_of("pooled_80_20", np.repeat([0, 1], [100, 10]), 110, 0, split_seed=0)
    with pytest.raises(ValueError, match="expected 20 anomalies to draw, found 0"):
        split_of("pooled_80_20", np.zeros(100, np.int64), 100, 0, split_seed=0)


# --- attributes -----------------------------------------------------------------------------------

NAMES = ("Young", *FIVE, "Male")
PARTS = {"train": 3 * 128, "valid": 2 * 128, "test": 128}


@pytest.fixture
def faces() -> Images:
    """Every combination of seven attributes: three times to train, twice to validate, once to test."""
    combinations = np.array([[number >> bit & 1 for bit in range(7)] for number in range(128)], bool)
    attributes = np.tile(combinations, (6, 1))
    pixels = np.empty((len(attributes), 1, 1, 1), np.uint8)
    return Images(pixels, None, PARTS["train"], NAMES, attributes, PARTS["valid"])


@pytest.mark.parametrize("name", FIVE)
def test_celeba_attributes_leaves_out_whoever_has_another_of_the_five(faces: Images, name: str) -> None:
    split = make_split("celeba_attributes", faces, NAMES.index(name), split_seed=0)
    # None of the five leaves Young and Male free: 4 of the 128 combinations; exactly the one: again 4.
    assert (len(split.train), len(split.test), split.anomalous.sum()) == (3 * 4, 8, 4)
    five = faces.attributes[:, 1:6]
    assert not five[split.train].any()
    assert split.train.max() < PARTS["train"]
    assert split.test.min() >= PARTS["train"] + PARTS["valid"]
    assert not five[split.test[~split.anomalous]].any()
    anomalies = split.test[split.anomalous]
    assert (five[anomalies].sum(axis=1) == 1).all()
    assert faces.attributes[anomalies, NAMES.index(name)].all()


def test_units_of_celeba_attributes_share_their_training(faces: Images) -> None:
    splits = [make_split("celeba_attributes", faces, unit, split_seed=unit) for unit in range(1, 6)]
    assert len({tuple(split.train) for split in splits}) == 1
    assert len({tuple(split.test[split.anomalous]) for split in splits}) == 5


@pytest.mark.parametrize("unit", range(7))
def test_one_attribute_takes_every_image_and_looks_at_one_attribute(faces: Images, unit: int) -> None:
    split = make_split("one_attribute", faces, unit, split_seed=0)
    has = faces.attributes[:, unit].tolist()
    assert split.train.tolist() == [i for i in range(PARTS["train"]) if not has[i]]
    assert (len(split.train), len(split.test), split.anomalous.sum()) == (3 * 64, 128, 64)
    assert split.test.tolist() == list(range(PARTS["train"] + PARTS["valid"], 6 * 128))
    assert split.anomalous.tolist() == has[-128:]


def test_celeba_attributes_refuses_another_attribute(faces: Images) -> None:
    with pytest.raises(
        ValueError, match="expected one of Bald, Mustache, Bangs, Eyeglasses, Wearing_Hat, found Young"
    ):
        make_split("celeba_attributes", faces, NAMES.index("Young"), split_seed=0)


@pytest.mark.parametrize("unit", range(7))
def test_official_parts_take_every_image_but_those_to_validate(faces: Images, unit: int) -> None:
    split = make_split("official_parts", faces, unit, split_seed=0)
    assert split.train.tolist() == list(range(PARTS["train"]))
    assert split.test.tolist() == list(range(PARTS["train"] + PARTS["valid"], 6 * 128))
    assert split.with_attribute.tolist() == faces.attributes[-128:, unit].tolist()
    assert (split.with_attribute.sum(), split.anomalous, split.deviations) == (64, None, [])
    assert indices(split) == indices(make_split("official_parts", faces, unit, split_seed=1))


@pytest.mark.parametrize("unit", range(7))
@pytest.mark.parametrize(("n_train", "n_fitted"), [(384, 307), (385, 308), (5, 4), (2, 1)])
def test_held_out_fifth_is_the_end_of_the_train_part(
    faces: Images, unit: int, n_train: int, n_fitted: int
) -> None:
    images = Images(faces.pixels, None, n_train, NAMES, faces.attributes, PARTS["valid"])
    split = make_split("held_out_fifth", images, unit, split_seed=0)
    assert split.train.tolist() == list(range(n_fitted))
    assert split.test.tolist() == list(range(n_fitted, n_train))
    assert split.with_attribute.tolist() == [faces.attributes[i, unit] for i in range(n_fitted, n_train)]
    assert split.anomalous is None
    assert indices(split) == indices(make_split("held_out_fifth", images, unit, split_seed=1))


def test_a_test_part_in_which_all_have_the_attribute_leaks_nothing(faces: Images) -> None:
    images = Images(faces.pixels, None, 128, ("Young",), np.ones((128, 1), bool))
    split = make_split("held_out_fifth", images, 0, split_seed=0)
    assert (split.with_attribute.all(), split.leaked, split.deviations) == (True, 0.0, [])


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (0, "aaf34562687e60df2b00f0397ca1820a8dc09f3b29ae16904522c264eb2bca9c"),
        (6, "7bbe96e8b30eca489fa9f23ed5a69451fc38b2bdf08cd85f01797fb4084fedb1"),
    ],
)
def test_digests_of_digit_attributes_splits(tmp_path: Path, unit: int, expected: str) -> None:
    images = read("digit_attributes", tmp_path)
    assert digest(make_split("held_out_fifth", images, unit, 0), tmp_path) == expected


def test_held_out_fifth_keeps_all_images_of_a_person_in_one_part() -> None:
    people = np.array([7, 3, 9, 7, 1, 9, 3, 9, 2, 4])
    attributes = np.arange(10)[:, None] % 2 == 0
    images = Images(np.empty((10, 1, 1, 1), np.uint8), None, 10, ("Young",), attributes, identities=people)
    split = make_split("held_out_fifth", images, 0, split_seed=0)
    assert split.test.tolist() == [2, 5, 7]  # of person 9, who stands at four fifths of the sorted numbers
    assert split.train.tolist() == [0, 1, 3, 4, 6, 8, 9]
    assert split.with_attribute.tolist() == [True, False, False]


# --- with a validation part


def test_only_protocols_that_say_so_hold_out_a_validation_part() -> None:
    assert {name for name in registry.names(registry.PROTOCOLS) if registry.validates(name)} == {*VALIDATED}


@pytest.mark.parametrize("unit", [0, 6])
def test_official_parts_validated_adds_the_official_part_and_changes_no_other(
    faces: Images, unit: int
) -> None:
    split = make_split("official_parts_validated", faces, unit, split_seed=0)
    assert indices(split) == indices(make_split("official_parts", faces, unit, split_seed=0))
    assert split.valid.tolist() == list(range(PARTS["train"], PARTS["train"] + PARTS["valid"]))
    none = Images(faces.pixels, None, PARTS["train"], NAMES, faces.attributes)
    with pytest.raises(ValueError, match="expected a dataset with an official validation part, found none"):
        make_split("official_parts_validated", none, unit, split_seed=0)


@pytest.mark.parametrize(("n_train", "n_fitted", "n_valid"), [(384, 268, 39), (385, 269, 39), (5, 3, 1)])
def test_held_out_fifth_validated_takes_the_end_of_what_would_train(
    faces: Images, n_train: int, n_fitted: int, n_valid: int
) -> None:
    """By hand: 384 // 5 * 4 is 307 of which seven eighths are 268, 385 gives 308 and 269, 5 gives 4 and 3."""
    images = Images(faces.pixels, None, n_train, NAMES, faces.attributes, PARTS["valid"])
    split = make_split("held_out_fifth_validated", images, 3, split_seed=0)
    tested = make_split("held_out_fifth", images, 3, split_seed=0)
    assert split.train.tolist() == list(range(n_fitted))
    assert split.valid.tolist() == list(range(n_fitted, n_fitted + n_valid))
    assert split.test.tolist() == tested.test.tolist()
    assert split.with_attribute.tolist() == tested.with_attribute.tolist()


def test_held_out_fifth_validated_keeps_all_images_of_a_person_in_one_part() -> None:
    people = np.array([7, 3, 9, 7, 1, 9, 3, 9, 2, 4])
    attributes = np.arange(10)[:, None] % 2 == 0
    images = Images(np.empty((10, 1, 1, 1), np.uint8), None, 10, ("Young",), attributes, identities=people)
    split = make_split("held_out_fifth_validated", images, 0, split_seed=0)
    # Person 9 is tested; of 1, 2, 3, 3, 4, 7, 7 the sixth of seven is 7.
    assert (split.train.tolist(), split.valid.tolist(), split.test.tolist()) == (
        [1, 4, 6, 8, 9],
        [0, 3],
        [2, 5, 7],
    )


@pytest.mark.realdata
def test_held_out_fifth_validated_of_real_faces(real_data_dir: Path) -> None:
    split = make_split("held_out_fifth_validated", read("celeba", real_data_dir), 31, 0)
    people = (real_data_dir / "celeba" / "identity_CelebA.txt").read_text().split()[1::2]
    trained, validated, tested = (
        {people[index] for index in part.tolist()} for part in (split.train, split.valid, split.test)
    )
    assert len(trained | validated | tested) == len(trained) + len(validated) + len(tested)


@pytest.mark.realdata
def test_held_out_fifth_of_real_faces(real_data_dir: Path) -> None:
    images = read("celeba", real_data_dir)
    smiling = images.classes.index("Smiling")
    split = make_split("held_out_fifth", images, smiling, 0)
    people = (real_data_dir / "celeba" / "identity_CelebA.txt").read_text().split()[1::2]
    # The published lists begin with the train part, so that their rows are the indices.
    tested, trained = ({people[index] for index in part.tolist()} for part in (split.test, split.train))
    assert not tested & trained
    assert len(split.test) + len(split.train) == images.n_train
    rows = (real_data_dir / "celeba" / "list_attr_celeba.txt").read_text().splitlines()[2:]
    smiles = [rows[index].split()[1:][31] == "1" for index in split.test.tolist()]
    assert split.with_attribute.tolist() == smiles
    if len(images.pixels) == 8000:
        with_attribute = {"Smiling": 720, "Male": 733, "Eyeglasses": 125, "Bald": 40}  # by awk
        for name, count in with_attribute.items():
            split = make_split("held_out_fifth", images, images.classes.index(name), 0)
            assert (len(split.test), split.with_attribute.sum()) == (1602, count)
        with pytest.raises(ValueError, match="official test part, found none; use held_out_fifth"):
            make_split("official_parts", images, 31, 0)
    pixels = [images.pixels[index] for index in split.test[[0, -1]].tolist()]
    assert all(image.shape[2] == 3 and image.std() > 20 for image in pixels)


@pytest.mark.parametrize("protocol", OF_ATTRIBUTES)
def test_protocols_of_attributes_refuse_classes(labels: np.ndarray, protocol: str) -> None:
    with pytest.raises(
        ValueError, match=f"^protocol {protocol}: expected a dataset with attributes, found one"
    ):
        split_of(protocol, labels, N_TRAIN, 1, split_seed=0)


@pytest.mark.parametrize("protocol", ["celeba_attributes", "one_attribute", "official_parts", VALIDATED[0]])
def test_protocols_of_attributes_refuse_a_missing_test_part(faces: Images, protocol: str) -> None:
    copy = Images(faces.pixels, None, len(faces.pixels), NAMES, faces.attributes)
    with pytest.raises(
        ValueError, match=f"^protocol {protocol}: expected a dataset with an official test part"
    ):
        make_split(protocol, copy, 1, split_seed=0)


@pytest.mark.parametrize("protocol", OF_CLASSES)
def test_protocols_of_classes_refuse_attributes(faces: Images, protocol: str) -> None:
    with pytest.raises(ValueError, match=f"^protocol {protocol}: expected a dataset with classes, found one"):
        make_split(protocol, faces, 1, split_seed=0)


def test_all_images_is_the_official_split_whatever_they_show(labels: np.ndarray, faces: Images) -> None:
    split = split_of("all_images", labels, N_TRAIN, 1, split_seed=0)
    assert split.train.tolist() == list(range(N_TRAIN))
    assert split.test.tolist() == list(range(N_TRAIN, len(labels)))
    assert not split.anomalous.any()
    assert indices(split) == indices(split_of("all_images", labels, N_TRAIN, 7, split_seed=3))
    of_faces = make_split("all_images", faces, 1, split_seed=0)
    assert of_faces.train.tolist() == list(range(faces.n_train))
    assert of_faces.test.tolist() == list(range(faces.n_train + faces.n_valid, len(faces.pixels)))


def test_all_images_fifth_keeps_the_last_fifth_of_the_train_part_apart(labels: np.ndarray) -> None:
    split = split_of("all_images_fifth", labels, 51, 1, split_seed=0)
    assert split.train.tolist() == list(range(40))
    assert split.test.tolist() == list(range(40, 51))
    assert not split.anomalous.any()
    assert indices(split) == indices(split_of("all_images_fifth", labels, 51, 7, split_seed=3))


def test_all_images_last_half_is_the_last_half_of_the_train_part(labels: np.ndarray) -> None:
    whole = split_of("all_images", labels, 51, 1, split_seed=0)
    split = split_of("all_images_last_half", labels, 51, 1, split_seed=0)
    assert split.train.tolist() == whole.train.tolist()[26:]  # of 51: none of the first 25.5
    assert split.test.tolist() == whole.test.tolist()
    assert indices(split) == indices(split_of("all_images_last_half", labels, 51, 7, split_seed=3))


def test_every_protocol_is_one_of_classes_or_of_attributes_or_of_any_dataset() -> None:
    assert set(registry.names(registry.PROTOCOLS)) == {*OF_CLASSES, *OF_ATTRIBUTES, *OF_ANY}


# --- datasets of one paper ------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [0, 99])
def test_coil100_pooled_has_the_sizes_of_the_released_code(unit: int) -> None:
    labels = np.repeat(np.arange(100), 72)
    split = split_of("pooled_80_20", labels, len(labels), unit, split_seed=0)
    assert (len(split.train), len(split.test), split.anomalous.sum()) == (57, 30, 15)


def test_lsun_is_one_vs_all_with_one_class_to_train_on() -> None:
    labels = np.repeat([0, 0, 1], [1000, 300, 300])
    split = split_of("one_vs_all", labels, 1000, 0, split_seed=0)
    assert split.train.tolist() == list(range(1000))
    assert split.test.tolist() == list(range(1000, 1600))
    assert split.anomalous.tolist() == [False] * 300 + [True] * 300

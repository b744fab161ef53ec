"""Small data sets in the true formats of all that PIAD uses: a bright bar whose place tells the class.

By hand: `python tests/workflow/generated.py FOLDER` writes them all, for a run without any real data.
"""

import gzip
import io
import sys
import zipfile
from pathlib import Path

import lmdb
import numpy as np
from PIL import Image

from encore.datasets.catalogue import DATASETS


def bars(labels: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
    """uint8 (n, height, width, channels): noise with a bar at a tenth of the width for each label."""
    pixels = np.random.default_rng(0).integers(0, 40, (len(labels), height, width, channels), dtype=np.uint8)
    step = width // 10
    for image, label in zip(pixels, labels, strict=True):
        image[:, step * (label % 10) : step * (label % 10) + step] = 200
    return pixels


def encoded(image: np.ndarray, form: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(image).save(out, form)
    return out.getvalue()


def write_idx(folder: Path) -> None:
    """MNIST and Fashion-MNIST."""
    folder.mkdir(parents=True)
    for part, count in (("train", 400), ("t10k", 60)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        pixels = bars(labels, 28, 28, 1)
        for kind, array in (("images-idx3", pixels[..., 0]), ("labels-idx1", labels)):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
            with gzip.open(folder / f"{part}-{kind}-ubyte.gz", "wb") as stream:
                stream.write(header + array.tobytes())


def write_cifar10(folder: Path) -> None:
    """The binary version's six batches and list of names."""
    folder = folder / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
        labels = (np.arange(60) % 10).astype(np.uint8)
        planes = bars(labels, 32, 32, 3).transpose(0, 3, 1, 2).reshape(60, -1)
        np.concatenate([labels[:, None], planes], axis=1).tofile(folder / name)
    (folder / "batches.meta.txt").write_text("\n".join(DATASETS["cifar10"].classes) + "\n")


def write_coil100(folder: Path) -> None:
    """All 7,200 views, a few different pictures among them."""
    folder.mkdir(parents=True)
    pictures = [encoded(image, "PNG") for image in bars(np.arange(10), 128, 128, 3)]
    with zipfile.ZipFile(folder / "coil-100.zip", "w") as packed:
        for number in range(1, 101):
            for angle in range(0, 360, 5):
                packed.writestr(f"coil-100/obj{number}__{angle}.png", pictures[number % 10])


def write_lsun(folder: Path) -> None:
    """Three LMDB folders; bars to the left are bedrooms, to the right conference rooms."""
    for name, count, label in (
        ("bedroom_train", 60, 1),
        ("bedroom_val", 12, 1),
        ("conference_room_val", 12, 8),
    ):
        path = folder / f"{name}_lmdb"
        path.mkdir(parents=True)
        images = bars(np.full(count, label), 256, 300, 3)
        with (
            lmdb.open(str(path), map_size=1 << 27) as environment,
            environment.begin(write=True) as transaction,
        ):
            for index, image in enumerate(images):
                transaction.put(f"{index:040x}".encode(), encoded(image, "JPEG"))
        (path / "lock.mdb").unlink()


def write_celeba(folder: Path) -> None:
    """Faces without and with each of PIAD's five attributes, in all three parts."""
    (folder / "img_align_celeba").mkdir(parents=True)
    names = DATASETS["celeba"].classes
    special = [names.index(name) for name in ("Bald", "Mustache", "Bangs", "Eyeglasses", "Wearing_Hat")]
    count = 150
    kinds = np.arange(count) % 8  # 0 to 4: one of the five; else none
    labels, parts = np.full((count, 40), -1), []
    for index, image in enumerate(bars(kinds, 218, 178, 3)):
        if kinds[index] < 5:
            labels[index, special[kinds[index]]] = 1
        name = f"{index + 1:06d}.jpg"
        (folder / "img_align_celeba" / name).write_bytes(encoded(image, "JPEG"))
        parts.append(f"{name} {0 if index < 80 else 1 if index < 100 else 2}\n")
    rows = [f"{i + 1:06d}.jpg " + " ".join(map(str, row)) for i, row in enumerate(labels)]
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(count), " ".join(names), *rows]) + "\n")
    (folder / "list_eval_partition.txt").write_text("".join(parts))
    people = [f"{index + 1:06d}.jpg {index // 3 + 1}\n" for index in range(count)]
    (folder / "identity_CelebA.txt").write_text("".join(people))


def write_photographs(folder: Path) -> None:
    folder.mkdir(parents=True)
    for index, image in enumerate(bars(np.arange(3), 40, 60, 3)):
        (folder / f"{index}.png").write_bytes(encoded(image, "PNG"))


def write_all(folder: Path) -> None:
    """Every data set, and a few photographs."""
    write_idx(folder / "mnist")
    write_idx(folder / "fashion_mnist")
    write_cifar10(folder / "cifar10")
    write_coil100(folder / "coil100")
    write_lsun(folder / "lsun")
    write_celeba(folder / "celeba")
    write_photographs(folder / "photographs")


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))

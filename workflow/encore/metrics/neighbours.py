"""Which class an image is taken for, by a classifier that is fitted on the spot.

Three nearest neighbours in pixels: there is no training to tune and no file of weights to trust. An image is
of the class of most of them, and of no class if the nearest of that class is farther from it than 95 % of the
class's own images, unseen by the classifier, are from theirs. The search is exact, and squared distances
between uint8 images are whole numbers that a float64 holds without rounding, so that the same images always
get the same classes.
"""

import numpy as np
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = 3
QUANTILE = 0.95  # of a class's own images that count as near to it
NONE = "unlike any"  # the class of an image that is near to none


def fit(images: np.ndarray) -> NearestNeighbors:
    """What `vote` asks, of images (n, ...)."""
    return NearestNeighbors(n_neighbors=NEIGHBOURS + 1, algorithm="brute").fit(_flat(images))


def vote(
    fitted: NearestNeighbors, labels: np.ndarray, images: np.ndarray, itself: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The class of most neighbours of each image, the nearer one where they tie, and the distance to it.

    labels: of the fitted images, (n,). images: (m, ...). itself: (m,), the place among the fitted images of
    the one that an image is or was made from, which has no vote, or -1. Gives int (m,) and float64 (m,).
    """
    distances, places = fitted.kneighbors(_flat(images))
    others = np.argsort(places == itself[:, None], axis=1, kind="stable")[:, :NEIGHBOURS]
    distances = np.take_along_axis(distances, others, axis=1)
    classes = labels[np.take_along_axis(places, others, axis=1)]
    votes = (classes[:, :, None] == classes[:, None, :]).sum(axis=2)
    first = votes.argmax(axis=1)[:, None]
    return np.take_along_axis(classes, first, axis=1)[:, 0], np.take_along_axis(distances, first, axis=1)[
        :, 0
    ]


def limits(labels: np.ndarray, distances: np.ndarray, n_classes: int) -> np.ndarray:
    """How far from a class an image may be and still count as near to it, (n_classes,); NaN without images.

    labels, distances: true classes and distances, as `vote` gives them, of images that it does not know.
    """
    of_class = (distances[labels == label] for label in range(n_classes))
    return np.array([np.quantile(own, QUANTILE) if len(own) else np.nan for own in of_class])


def _flat(images: np.ndarray) -> np.ndarray:
    """Images (n, ...) as rows of pixels, float64 (n, pixels)."""
    return images.reshape(len(images), -1).astype(np.float64)

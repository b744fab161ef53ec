"""Which forward passes move the averages that a batch norm keeps for later."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def standing_averages(*networks: nn.Module) -> Iterator[None]:
    """Within it, batch norms normalise by the batch, as in training, and their averages stand still."""
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d)
    parts = (part for network in networks for part in network.modules() if isinstance(part, kinds))
    tracking = [norm for norm in parts if norm.track_running_stats]
    for norm in tracking:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in tracking:
            norm.track_running_stats = True

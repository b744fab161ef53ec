"""Progress as plain lines, for a terminal and a log alike: how far, how fast, how long yet, which losses."""

import time
from collections.abc import Mapping

from encore.text import duration

SECONDS_BETWEEN_LINES = 5


class Progress:
    """Prints a line every few seconds, and one for the last iteration."""

    def __init__(self, label: str, start: int, total: int):
        self.label, self.start, self.total = label, start, total
        self.began = self.last_line = time.monotonic()

    def update(self, iteration: int, losses: Mapping[str, float]) -> None:
        """Tell of `iteration`, with the mean losses since the last time."""
        now = time.monotonic()
        if now - self.last_line < SECONDS_BETWEEN_LINES and iteration < self.total:
            return
        self.last_line = now
        rate = (iteration - self.start) / max(now - self.began, 1e-9)
        left = duration((self.total - iteration) / rate)
        shown = "  ".join(f"{name} {value:.3g}" for name, value in losses.items())
        print(f"{self.label}: {iteration}/{self.total}, {rate:.1f} it/s, {left} left  {shown}", flush=True)

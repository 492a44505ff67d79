"""What a truck's own scale shows when it is empty and when it is full, and how much it shivers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from truckkit.detection.tracks import Floats

_LEAST_T = 8.0
"""Between empty and full; a scale that shows less of a difference weighs nothing."""
_MOST_T = 2_000.0
"""No truck weighs as much; a reading beyond says nothing."""
_FEW = 50


@dataclass(frozen=True)
class Scale:
    """Tonnes shown by one truck's scale; all NaN where it shows nothing that can be believed."""

    empty_t: float
    full_t: float
    noise_t: float

    @property
    def works(self) -> bool:
        """True where empty and full can be told apart."""
        return bool(np.isfinite(self.full_t))

    def share(self, payload_t: Floats) -> Floats:
        """Payload as a share of a full load: about 0 empty, about 1 full."""
        return (payload_t - self.empty_t) / (self.full_t - self.empty_t)


NO_SCALE = Scale(np.nan, np.nan, np.nan)


def scale(payload_t: Floats) -> Scale:
    """A truck's scale, from all that it showed.

    The readings fall into two heaps; the bound between them is where it parts them best (Otsu's
    threshold), and each heap's median is what the scale shows then.

    >>> import numpy as np
    >>> scale(np.array([1.0, 2.0, 290.0, 300.0] * 30)).full_t
    295.0
    """
    known = payload_t[np.abs(payload_t) < _MOST_T]
    if len(known) < _FEW:
        return NO_SCALE
    low, high = np.quantile(known, (0.002, 0.998))
    if high - low < _LEAST_T:
        return NO_SCALE
    within = known[(known >= low) & (known <= high)]
    counts, edges = np.histogram(within, bins=128)
    weight = np.cumsum(counts)
    mass = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    rest = weight[-1] - weight
    parts = (weight > 0) & (rest > 0)
    if not parts.any():
        return NO_SCALE
    apart = np.zeros(len(counts))
    apart[parts] = (
        weight[parts]
        * rest[parts]
        * (mass[parts] / weight[parts] - (mass[-1] - mass[parts]) / rest[parts]) ** 2
    )
    # Between two heaps every bound is as good as another: take the middle one.
    best = np.flatnonzero(apart >= apart.max() * 0.9999)
    bound = edges[1 + (best[0] + best[-1]) // 2]
    empty, full = float(np.median(known[known <= bound])), float(np.median(known[known > bound]))
    noise = 1.4826 * float(np.median(np.abs(np.diff(known)))) / np.sqrt(2)
    if full - empty < max(_LEAST_T, 8 * noise):
        return NO_SCALE
    return Scale(empty, full, noise)

"""Drawing one of several by share: always the same for the same key, or by chance."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_RANGE = 2**64


def draw(shares: Mapping[str, float], key: str | None, seed: str, chance: Callable[[], float]) -> str | None:
    """One of the names, by share; None where no share is above 0. ``chance`` gives numbers in 0..1, 1 left out.

    With a key the draw is sticky: a name that goes away, or a share that changes, moves only the keys it has to. Each
    name gets a number from the hash of seed, key and name, weighted by its share; the highest wins (rendezvous
    hashing; Thaler and Ravishankar 1998, with the weights of Schindelhauer and Schomaker 2005).

    >>> draw({"old": 0.95, "new": 0.05}, "ada", "canary-1", lambda: 0.5)
    'old'
    """
    alive = {name: share for name, share in shares.items() if share > 0}
    if not alive:
        return None
    if key is not None:
        return max(alive, key=lambda name: (-alive[name] / math.log(_place(seed, key, name)), name))
    left = chance() * sum(alive.values())
    for name, share in alive.items():
        left -= share
        if left < 0:
            return name
    return next(reversed(alive))


def _place(seed: str, key: str, name: str) -> float:
    """A number between 0 and 1, neither of them, the same for the same words."""
    words = f"{seed}\0{key}\0{name}".encode("utf-8", "replace")
    return (int.from_bytes(hashlib.blake2b(words, digest_size=8).digest()) + 0.5) / _RANGE

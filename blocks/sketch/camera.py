"""How the camera stands: where each shot type puts the horizon, how large it makes figures, what it leaves out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A framing. Lengths are in units: the sheet is 100 high.

    ``person`` is how high a grown person stands, ``crown`` where the crown of their head is. ``horizon`` is the eye
    level (below 0 or above 100: out of sight). ``landmark`` is how high what stands behind is. ``depth`` is how much of
    the surroundings is drawn, from 0 (a hint) to 1.
    """

    horizon: float
    person: float
    crown: float
    landmark: float
    depth: float
    taper: float = 0.0
    squash: float = 1.0
    tilt_degrees: float = 0.0

    @property
    def foot(self) -> float:
        """Where a person's feet stand."""
        return self.crown + self.person * self.squash

    def foot_at(self, scale: float) -> float:
        """Where the feet of somebody stand who is drawn at ``scale`` times the size, for being nearer or farther."""
        return self.horizon + (self.foot - self.horizon) * scale


CAMERAS: dict[str, Camera] = {
    "extreme wide": Camera(horizon=56, person=15, crown=66, landmark=44, depth=1.0),
    "wide": Camera(horizon=54, person=46, crown=44, landmark=56, depth=1.0),
    "medium": Camera(horizon=46, person=150, crown=13, landmark=66, depth=0.75),
    "close-up": Camera(horizon=54, person=355, crown=16, landmark=84, depth=0.4),
    "extreme close-up": Camera(horizon=60, person=1250, crown=-60, landmark=110, depth=0.0),
    "over-the-shoulder": Camera(horizon=46, person=112, crown=22, landmark=58, depth=0.75),
    "bird's-eye": Camera(horizon=-18, person=32, crown=46, landmark=50, depth=1.0, squash=0.74),
    "low-angle": Camera(horizon=92, person=92, crown=8, landmark=92, depth=1.0, taper=0.3, tilt_degrees=2.5),
}

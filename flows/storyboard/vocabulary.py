"""The closed lists that a storyboard is described with: shot types, camera motions, times of day, moods, styles."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Origin = Literal["model", "source"]
"""Who a field comes from: a model, or the thought itself and the plan made from it."""

Direction = Literal["ltr", "rtl"]


class ShotType(StrEnum):
    """How much of the world a shot shows, and from where."""

    EXTREME_WIDE = "extreme wide"
    WIDE = "wide"
    MEDIUM = "medium"
    CLOSE_UP = "close-up"
    EXTREME_CLOSE_UP = "extreme close-up"
    OVER_THE_SHOULDER = "over-the-shoulder"
    BIRDS_EYE = "bird's-eye"
    LOW_ANGLE = "low-angle"


class CameraMotion(StrEnum):
    """What the camera does during a shot."""

    STATIC = "static"
    PAN_LEFT = "pan left"
    PAN_RIGHT = "pan right"
    TILT_UP = "tilt up"
    TILT_DOWN = "tilt down"
    PUSH_IN = "push in"
    PULL_OUT = "pull out"
    FOLLOW = "follow"


class TimeOfDay(StrEnum):
    """The light of a scene."""

    DAWN = "dawn"
    MORNING = "morning"
    DAY = "day"
    DUSK = "dusk"
    NIGHT = "night"


VIEWS: dict[ShotType, str] = {
    ShotType.EXTREME_WIDE: "seen from very far away",
    ShotType.WIDE: "the whole place in view",
    ShotType.MEDIUM: "at eye level",
    ShotType.CLOSE_UP: "close up",
    ShotType.EXTREME_CLOSE_UP: "one detail, very close",
    ShotType.OVER_THE_SHOULDER: "over a shoulder",
    ShotType.BIRDS_EYE: "straight from above",
    ShotType.LOW_ANGLE: "from low down, looking up",
}

MOODS = (
    "calm", "tender", "hopeful", "joyful", "playful", "curious", "full of wonder", "melancholic", "lonely", "tense",
    "fearful", "angry", "mysterious", "solemn", "thoughtful", "matter-of-fact",
)  # fmt: skip

MEDIA = (
    "soft pencil and watercolour", "ink and wash", "charcoal", "gouache", "coloured pencil", "cut paper",
    "woodcut print", "chalk pastel",
)  # fmt: skip

LINES = ("fine loose lines", "bold outlines", "soft blurred edges", "scratchy hatching", "clean even lines")

LIGHTS = (
    "warm lamplight", "moonlight", "soft morning light", "bright daylight", "low evening sun", "flat grey light",
    "strong contrast of light and dark",
)  # fmt: skip

DARK_LIGHTS = ("warm lamplight", "moonlight", "strong contrast of light and dark")
"""Those of ``LIGHTS`` that suit a story told at night."""

PALETTES = (
    "deep blue and amber", "muted greens and browns", "pale greys with one red accent", "warm earth colours",
    "cool greys and teal", "bright primary colours", "black and white",
)  # fmt: skip

AVOID = "written words, logos, watermarks, borders, split panels"
"""What pictures should not hold. Most picture services have no field for it, so it goes into the prompt."""

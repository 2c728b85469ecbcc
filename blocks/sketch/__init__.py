"""The service that draws: storyboard frames in pencil, from a shot's description, with no model and no key."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from blocks.sketch.service import Sketch

__all__ = ["Sketch"]

__getattr__, __dir__ = lazily(__name__, {"Sketch": "blocks.sketch.service"})

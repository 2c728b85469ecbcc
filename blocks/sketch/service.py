"""The service that draws storyboard frames itself: free, on this machine, honest about being a sketch."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from blocks.contract import End, MediaPart, UsageReport
from blocks.errors import ServiceFailure
from registry.words import Capability, FailureClass, Media, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from blocks.contract import Call, Event
    from registry.words import TaskRequest

DEFAULT_WIDTH_PX, DEFAULT_HEIGHT_PX = 768, 432
SMALLEST_PX, LARGEST_PX = 64, 2048


class Sketch:
    """Draws a frame from a shot's description, with pencil and paper made of code.

    It reads ``request.hints`` (``shot_type``, ``characters``, ``setting``, ``location``, ``time_of_day``, ``caption``,
    ``camera_motion``) and, where they are silent, the words of ``request.prompt``. ``params`` may give ``width`` and
    ``height`` in pixels, from 64 to 2048, and a ``seed``. The same request gives the same bytes on one machine:
    captions are set in the fonts that are there.

    >>> import asyncio
    >>> from blocks.contract import Call
    >>> from registry.words import Model, Offering, Service
    >>> service = Service(service_id=1, name="sketch", kind="sketch")
    >>> model = Model(model_id=1, name="storyboard")
    >>> image = frozenset({Capability.IMAGE})
    >>> offering = Offering(offering_id=1, service=service, model=model, remote_name="storyboard", capabilities=image)
    >>> from registry.words import TaskRequest
    >>> request = TaskRequest(capability=Capability.IMAGE, prompt="A robot tends a lighthouse at night.")
    >>> async def draw():
    ...     return [event async for event in Sketch().stream(Call(request=request, offering=offering))]
    >>> asyncio.run(draw())[0].media.media_type
    'image/png'

    Args:
        font_paths: the font files for captions, best first; by default the packaged ones, then the machine's.
        shaping: whether right-to-left captions can be shaped; by default as this Pillow can.
    """

    def __init__(self, *, font_paths: Sequence[Path] | None = None, shaping: bool | None = None) -> None:
        self._font_paths = font_paths
        self._shaping = shaping
        # Pillow's font objects are not made for several threads at once: each thread has its own.
        self._of_thread = threading.local()

    async def stream(self, call: Call) -> AsyncIterator[Event]:
        """Draw the picture that ``call`` asks for: one media part, the usage, the end.

        Raises:
            ServiceFailure: it is no picture that is asked for, the size is out of bounds (both ``caller_fault``), or
                the time is up (``transient``).
        """
        width, height = _size(call.request)
        try:
            # A thread cannot be stopped, but a frame takes a moment: the call ends in time, the thread soon after.
            async with asyncio.timeout(call.timeout_seconds):
                content = await asyncio.to_thread(self.draw, call.request)
        except TimeoutError as error:
            message = f"the sketch was not done within {call.timeout_seconds:g} s"
            raise ServiceFailure(FailureClass.TRANSIENT, message) from error
        yield MediaPart(Media(content=content, media_type="image/png", width=width, height=height))
        yield UsageReport(Usage(pictures=1))
        yield End()

    def draw(self, request: TaskRequest) -> bytes:
        """The picture as PNG. Takes 0.1 to 0.3 s for the default size.

        Raises:
            ServiceFailure: it is no picture that is asked for, or its size is out of bounds.
        """
        # Pillow and numpy are of no use to whoever never draws.
        from blocks.sketch.fonts import Fonts
        from blocks.sketch.page import draw_page
        from blocks.sketch.scene import read_scene

        width, height = _size(request)
        fonts: Fonts | None = getattr(self._of_thread, "fonts", None)
        if fonts is None:
            fonts = self._of_thread.fonts = Fonts(self._font_paths, shaping=self._shaping)
        return draw_page(read_scene(request), width, height, fonts)

    async def probe(self, secret: str | None, timeout_seconds: float) -> str:  # noqa: ARG002 - as every service is asked
        """It is always there."""
        return "it draws in this process"

    async def aclose(self) -> None:
        """Nothing is held."""


def _size(request: TaskRequest) -> tuple[int, int]:
    if request.capability is not Capability.IMAGE:
        raise ServiceFailure(FailureClass.CALLER_FAULT, f"a sketch is an image, not {request.capability}")
    width = request.params.get("width", DEFAULT_WIDTH_PX)
    height = request.params.get("height", DEFAULT_HEIGHT_PX)
    for name, size in (("width", width), ("height", height)):
        if not isinstance(size, int) or isinstance(size, bool) or not SMALLEST_PX <= size <= LARGEST_PX:
            message = (
                f"the {name} of a sketch is a whole number from {SMALLEST_PX} to {LARGEST_PX} pixels, not {size!r}"
            )
            raise ServiceFailure(FailureClass.CALLER_FAULT, message[:200])
    return width, height

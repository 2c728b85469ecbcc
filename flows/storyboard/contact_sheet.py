"""The contact sheet: all pictures small on one page, numbered, to see the rhythm of the shots at a glance."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PIL import Image

    from flows.storyboard.words import Shot

_THUMB_WIDTH_PX = 480
_GAP_PX = 24
_LABEL_PX = 34
_FONT_PX = 18
_PAPER = "#f7f5f0"
_INK = "#2b2a27"
_MOST_IN_TWO_COLUMNS = 4


def make_contact_sheet(shots: Sequence[Shot], pictures: Mapping[str, bytes]) -> bytes:
    """The sheet as PNG: two columns up to four shots, three up to twelve, four above; numbers and shot types below.

    The labels need Latin letters only, whatever the thought is written in, so that any font will do.
    """
    # Pillow is of no use to whoever only plans.
    from PIL import Image, ImageDraw, ImageFont

    columns = 2 if len(shots) <= _MOST_IN_TWO_COLUMNS else 3 if len(shots) <= 12 else 4
    thumbs = [_thumb(pictures[shot.shot_id]) for shot in shots]
    height = max(thumb.height for thumb in thumbs)
    rows = -(-len(shots) // columns)
    size = (
        _GAP_PX + columns * (_THUMB_WIDTH_PX + _GAP_PX),
        _GAP_PX + rows * (height + _LABEL_PX + _GAP_PX),
    )
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=_FONT_PX)
    for index, (shot, thumb) in enumerate(zip(shots, thumbs, strict=True)):
        row, column = divmod(index, columns)
        left = _GAP_PX + column * (_THUMB_WIDTH_PX + _GAP_PX)
        top = _GAP_PX + row * (height + _LABEL_PX + _GAP_PX)
        sheet.paste(thumb, (left, top))
        label = f"{shot.number}   {shot.shot_type.value}, {shot.camera_motion.value}"
        pen.text((left, top + height + 8), label, fill=_INK, font=font)
    out = io.BytesIO()
    sheet.save(out, "PNG", optimize=True)
    return out.getvalue()


def _thumb(picture: bytes) -> Image.Image:
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        height = max(1, round(image.height * _THUMB_WIDTH_PX / image.width))
        return image.convert("RGB").resize((_THUMB_WIDTH_PX, height), Image.Resampling.LANCZOS)

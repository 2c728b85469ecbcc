"""Whether bytes are the picture that they claim to be."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from registry.words import Media

_THUMBNAIL_PIXELS = 64


def picture_fault(media: Media, *, width: object = None, height: object = None) -> str:
    """What is wrong with a picture, empty where nothing is.

    It must decode to its end as its media type says, have the size asked for (in pixels, where one was asked for) and
    show more than one flat colour.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures that would unpack to gigabytes; such a one is no picture to us.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(media.content)) as picture:
                said = Image.MIME.get(picture.format or "", "")
                picture.load()
                return _fault_of(picture, said, media, width, height)
    except Exception as error:  # noqa: BLE001 - decoders raise a dozen kinds on broken bytes (OSError, SyntaxError, struct.error…)
        return f"the {media.media_type} does not decode ({type(error).__name__})"


def _fault_of(picture: Image, said: str, media: Media, width: object, height: object) -> str:
    if said != media.media_type.partition(";")[0].strip().lower().replace("image/jpg", "image/jpeg"):
        return f"it is called {media.media_type} and is {said}"
    if width is not None and picture.width != width:
        return f"it is {picture.width} pixels wide, not {width}"
    if height is not None and picture.height != height:
        return f"it is {picture.height} pixels high, not {height}"
    small = picture.convert("RGB")
    small.thumbnail((_THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS))
    if all(len(band.getcolors(1) or ()) == 1 for band in small.split()):
        return "it is one flat colour"
    return ""

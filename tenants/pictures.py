"""Pictures that an admin uploads: drawn anew as PNG, so that nothing of the file itself is ever shown (AC-11)."""

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 200_000
MAX_SIDE = 4_000
"""Pixels on a side: a small file can hold a very large picture."""
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def redrawn(body: bytes, width: int, height: int) -> bytes:
    """The picture as a PNG of at most this size, without anything else that the file held.

    Raises ValueError with a sentence for what is no picture, or too large a one.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - only those wait for it who upload a picture

    if len(body) > MAX_BYTES:
        raise ValueError(f"This file is larger than {MAX_BYTES // 1000} kB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(BytesIO(body), formats=_FORMATS) as opened:
                return _drawn(opened, width, height)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning) as error:
        if isinstance(error, _TooLargeError):
            raise
        raise ValueError("This is no picture that can be read here. Use a PNG, JPEG, GIF or WebP file.") from None


class _TooLargeError(ValueError):
    pass


def _drawn(opened: "Image.Image", width: int, height: int) -> bytes:
    from PIL import Image  # noqa: PLC0415 - as above

    if max(opened.size) > MAX_SIDE:
        raise _TooLargeError(f"This picture is larger than {MAX_SIDE} pixels on a side.")
    picture = opened.convert("RGBA")
    picture.thumbnail((width, height))
    fresh = Image.new("RGBA", picture.size)
    fresh.paste(picture)
    written = BytesIO()
    fresh.save(written, "PNG", optimize=True)
    return written.getvalue()

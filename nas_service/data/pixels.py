"""From encoded bytes to uint8 pixels with Pillow: the one rule for colour, transparency, rotation and size.

Grey stays grey only if the whole set is grey; otherwise all images become RGB. Transparent images are laid on
white. EXIF rotation is applied. 16-bit grey is scaled to 8 bits. With an `image_size`, the short side is resized
to it (bilinear, antialiased) and the centre square is kept.
"""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageOps

PIXEL_RULE = 1
"""Raise it whenever a change here can alter a pixel: it is part of every fingerprint."""

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""What may be decoded: formats with mature decoders that run no other program."""

BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)
"""What Pillow raises for broken files."""

MAX_PIXELS = 2**26
"""Larger images are taken for decompression bombs."""

GREY_MODES = frozenset({"1", "L", "LA", "La", "I;16", "I;16B", "I;16L"})
ROTATED_FORMATS = frozenset({"JPEG", "MPO", "TIFF", "WEBP"})
"""Formats whose EXIF can be read without decoding the pixels."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its image before it is decoded."""

    width: int
    height: int
    is_grey: bool


def read_header(data: bytes) -> Header:
    """Read size (after rotation) and kind. Raises one of `BROKEN`."""
    image = _open(data)
    width, height = image.size
    if image.format in ROTATED_FORMATS and image.getexif().get(ExifTags.Base.Orientation, 1) >= 5:
        width, height = height, width
    return Header(width, height, image.mode in GREY_MODES)


def decode(data: bytes, shape: tuple[int, int, int], image_size: int | None) -> np.ndarray:
    """Decode to uint8 `shape` (height, width, channels). Raises one of `BROKEN`, also for another shape."""
    image = _open(data)
    if image_size is not None:
        image.draft(None, (2 * image_size, 2 * image_size))  # JPEG decodes several times faster at reduced size
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    pixels = to_array(_in_colour(image, shape[2]), image_size)
    if pixels.shape != shape:
        raise ValueError(f"its pixels are {pixels.shape}, not {shape}")
    return pixels


def to_array(image: Image.Image, image_size: int | None) -> np.ndarray:
    """uint8 (height, width, channels) of an 8-bit grey or RGB image, resized and cropped if a size is given."""
    if image_size is not None and image.size != (image_size, image_size):
        side = min(image.size)
        left, top = (image.width - side) / 2, (image.height - side) / 2
        square = (left, top, left + side, top + side)
        image = image.resize((image_size, image_size), Image.Resampling.BILINEAR, square)
    return np.asarray(image).reshape(image.height, image.width, -1)


def resize_pixels(pixels: np.ndarray, image_size: int | None) -> np.ndarray:
    """The same resizing for uint8 (height, width, channels) arrays."""
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    return to_array(image, image_size)


def _open(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(f"{image.width}x{image.height} pixels; at most {MAX_PIXELS:,} are decoded")
    return image


def _in_colour(image: Image.Image, channels: int) -> Image.Image:
    if image.mode in ("I", "F"):
        raise ValueError(f"32-bit pixels (mode {image.mode}) have no defined range; save it with 8 or 16 bits")
    if image.mode.startswith("I;16"):
        image = Image.fromarray(np.rint(np.asarray(image) / 257).astype(np.uint8))
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if channels == 1 else "RGB")

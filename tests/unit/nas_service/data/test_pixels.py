"""One rule turns any image file into grey or RGB pixels."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from nas_service.data.pixels import Header, decode, read_header


def encoded(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def test_transparent_pixels_show_white() -> None:
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    image.putpixel((0, 0), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 128))
    pixels = decode(encoded(image), (8, 8, 3), None)
    assert pixels[0, :3].tolist() == [[255, 0, 0], [127, 127, 127], [255, 255, 255]]


def test_transparent_grey_stays_grey_on_white() -> None:
    pixels = decode(encoded(Image.new("LA", (8, 8), (40, 0))), (8, 8, 1), None)
    assert np.unique(pixels).tolist() == [255]


def test_palettes_become_their_colours() -> None:
    image = Image.new("RGB", (8, 8), (10, 20, 30)).quantize(4)
    assert image.mode == "P"
    assert decode(encoded(image), (8, 8, 3), None)[0, 0].tolist() == [10, 20, 30]


def test_a_transparent_palette_entry_shows_white() -> None:
    image = Image.new("P", (8, 8), 0)
    image.putpalette([10, 20, 30])
    assert decode(encoded(image, transparency=0), (8, 8, 3), None)[0, 0].tolist() == [255, 255, 255]


def test_sixteen_bits_are_scaled_to_eight() -> None:
    levels = np.array([[0, 257, 65535, 32896] * 2] * 8, np.uint16)
    data = encoded(Image.fromarray(levels))
    assert read_header(data).is_grey
    assert decode(data, (8, 8, 1), None)[0, :4, 0].tolist() == [0, 1, 255, 128]


def test_grey_becomes_rgb_where_the_set_is_rgb() -> None:
    assert decode(encoded(Image.new("L", (8, 8), 9)), (8, 8, 3), None)[0, 0].tolist() == [9, 9, 9]


def test_rotation_by_exif_is_applied_to_size_and_pixels() -> None:
    image = Image.new("RGB", (16, 8), "white")
    image.paste("black", (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown after turning a quarter clockwise: the left half goes to the top
    data = encoded(image, "JPEG", exif=exif, quality=95)
    assert read_header(data) == Header(width=8, height=16, is_grey=False)
    pixels = decode(data, (16, 8, 3), None)
    assert pixels[:7].mean() < 10
    assert pixels[9:].mean() > 245


def test_image_size_resizes_the_short_side_and_keeps_the_centre() -> None:
    image = Image.new("RGB", (40, 16), "black")
    image.paste("white", (12, 0, 28, 16))
    pixels = decode(encoded(image), (8, 8, 3), 8)
    assert np.unique(pixels[:, 1:-1]).tolist() == [255]
    assert pixels.min() > 200  # the outermost columns are blended with their neighbours outside


@pytest.mark.parametrize("image_format", ["PNG", "JPEG"])
def test_resizing_averages_rather_than_skips_pixels(image_format: str) -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (256, 128))
    pixels = decode(encoded(Image.fromarray(stripes), image_format), (16, 16, 1), 16)
    assert 110 < pixels.mean() < 145
    assert pixels.std() < 20


def test_small_images_are_enlarged() -> None:
    assert decode(encoded(Image.new("L", (8, 8), 77)), (16, 16, 1), 16).tolist() == [[[77]] * 16] * 16


def test_float_pixels_are_refused() -> None:
    with pytest.raises(ValueError, match="no defined range"):
        decode(encoded(Image.new("F", (8, 8)), "TIFF"), (8, 8, 1), None)


def test_decompression_bombs_are_refused_before_they_are_decoded() -> None:
    data = encoded(Image.new("1", (8200, 8200)))
    assert len(data) < 100_000
    with pytest.raises(ValueError, match="8200x8200 pixels"):
        read_header(data)


def test_formats_that_run_other_programs_are_refused() -> None:
    with pytest.raises(OSError, match="cannot identify"):
        read_header(encoded(Image.new("RGB", (8, 8)), "EPS"))

"""The fixed reference model that every measurement is interleaved with, executed by the runtime of the model beside it.

A small mobile network: about 5.5 M MACs, a fraction of a millisecond, within an L2 cache. It is a file in each format,
so that every machine times the same bytes and none needs the library that made them (`scripts/reference_model.py`).
"""

from pathlib import Path

from nas_service.domain.formats import ModelFormat

IMAGE_SHAPE = (3, 32, 32)
GREY = 0.5
LOGITS_OF_GREY = (
    3.82611e-5,
    6.98686e-5,
    2.82221e-5,
    -5.5815e-6,
    -2.02892e-5,
    -8.23551e-5,
    -6.85329e-5,
    -5.55874e-5,
    3.53157e-5,
    4.45078e-5,
)
"""Of an image whose every pixel is GREY."""


def reference_model(form: ModelFormat = ModelFormat.ONNX) -> bytes:
    """The reference, (batch, 3, 32, 32) pixels to 10 logits, as a file of a format in fp32."""
    return Path(__file__).with_name("reference").with_suffix(Path(form.file_name).suffix).read_bytes()

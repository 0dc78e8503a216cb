"""Packed weights: every number back to the bit, in as many bits as it needs."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.errors import SpaceError
from search_spaces.packed import MAGIC, bits_of, pack, unpack


@st.composite
def channels(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers (channels, weights) of some bits each, and exponents."""
    bits = draw(st.lists(st.integers(0, 16), min_size=1, max_size=6))
    weights = draw(st.integers(1, 9))
    rows = [
        draw(st.lists(st.integers(-(2 ** (b - 1)), 2 ** (b - 1) - 1) if b else st.just(0), min_size=weights))[:weights]
        for b in bits
    ]
    exponents = draw(st.lists(st.integers(-30, 30), min_size=len(bits), max_size=len(bits)))
    return np.array(rows, np.int64), np.array(exponents)


@given(channels())
@settings(max_examples=60, deadline=None)
def test_what_was_packed_comes_back_to_the_bit(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    integers, exponents = drawn
    weight = np.ldexp(integers.astype(np.float32), exponents[:, None])
    found = unpack(pack({"conv.weight": weight[:, :, None]}, {"conv.weight": exponents}))
    assert found["conv.weight"].dtype == np.float32
    assert np.array_equal(found["conv.weight"], weight[:, :, None])


@given(st.integers(-(2**15), 2**15 - 1))
def test_bits_are_the_fewest_of_twos_complement(number: int) -> None:
    (bits,) = bits_of(np.array([[number]]))
    holds = [b for b in range(17) if (number == 0 if b == 0 else -(2 ** (b - 1)) <= number <= 2 ** (b - 1) - 1)]
    assert bits == holds[0]


def test_other_tensors_keep_type_and_shape_and_floats_take_two_bytes_where_that_loses_nothing() -> None:
    rng = np.random.default_rng(0)
    tensors = {
        "half": rng.normal(size=1000).astype(np.float16).astype(np.float32),
        "full": rng.normal(size=1000).astype(np.float32),
        "count": np.array(7, np.int64),
    }
    found = unpack(pack(tensors, {}))
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert np.array_equal(found[name], tensor)
    halves, fulls = (len(pack({name: tensors[name]}, {})) for name in ("half", "full"))
    assert halves < 0.6 * fulls


def test_three_bits_a_weight_take_three_bits_a_weight() -> None:
    integers = np.random.default_rng(0).integers(-4, 4, (16, 1000))
    content = pack({"w": integers.astype(np.float32)}, {"w": np.zeros(16, np.int64)})
    assert len(content) == pytest.approx(16 * 1000 * 3 / 8, rel=0.03)


def test_weights_that_are_no_whole_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="w is not made of whole numbers"):
        pack({"w": np.array([[0.3]], np.float32)}, {"w": np.array([0])})


@pytest.mark.parametrize("content", [b"", b"PK", MAGIC, MAGIC + b"\x05\x00\x00\x00hello"])
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(SpaceError, match="packed weights"):
        unpack(content)


def test_the_decoder_needs_no_torch() -> None:
    code = "import sys, search_spaces.packed; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

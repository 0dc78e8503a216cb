"""Tables as Once-for-All publishes them."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import search_spaces
from nas_service.latency.networks import networks_of
from nas_service.latency.published_table import MissingEntriesError, PublishedTable, block_keys
from search_spaces import NetworkInput

IMAGENET = NetworkInput(3, 1000)
TABLES = os.environ.get("NAS_TEST_OFA_TABLES")
KEYS = (
    "Conv-input:160x160x3-output:80x80x24",
    "expanded_conv-input:80x80x24-output:80x80x24-expand:24-kernel:3-stride:1-idskip:1-se:0-hs:0",
    "Conv_1-input:5x5x192-output:5x5x1152",
    "AvgPool2D-input:5x5x1152-output:1x1x1152",
    "Conv_2-input:1x1x1152-output:1x1x1536",
    "Logits-input:1x1x1536-output:1000",
)
"""Of every network at 160 pixels, as they stand in the published tables."""
SPACE = search_spaces.get("ofa_mobilenetv3", "w1.2", {"resolution": [160]})
ROWS = SPACE.to_indices(SPACE.sample(np.random.default_rng(0), 50))
NETWORKS = networks_of(SPACE, ROWS, IMAGENET, (160, 160))
NAMES = [key for key in block_keys(NETWORKS) if key is not None]


def test_blocks_have_their_published_names() -> None:
    assert set(KEYS) < set(NAMES)
    assert "expanded_conv-input:10x10x136-output:5x5x192-expand:408-kernel:3-stride:2-idskip:0-se:1-hs:1" in NAMES


def test_a_latency_is_the_sum_of_means() -> None:
    table = PublishedTable.read([{key: {"mean": 2.0, "std": 0.1, "count": 300} for key in NAMES}])
    assert np.array_equal(table.predict(NETWORKS), 2.0 * NETWORKS.depth)
    again = PublishedTable.from_json(json.loads(json.dumps(table.to_json())))
    assert np.array_equal(again.predict(NETWORKS), 2.0 * NETWORKS.depth)


def test_a_missing_entry_is_named() -> None:
    table = PublishedTable.read([dict.fromkeys(NAMES[1:], 1.0)])
    with pytest.raises(MissingEntriesError, match=NAMES[0]):
        table.predict(NETWORKS)


@pytest.mark.parametrize("entry", [{"std": 1}, "1", -1.0, float("nan"), True])
def test_an_entry_without_a_time_is_named(entry: object) -> None:
    with pytest.raises(ValueError, match=KEYS[0]):
        PublishedTable.read([{KEYS[0]: entry}])  # type: ignore[dict-item]


def test_other_blocks_have_no_published_name() -> None:
    space = search_spaces.get("mobilenet", "tiny")
    rows = space.to_indices(space.sample(np.random.default_rng(0), 5))
    with pytest.raises(ValueError, match="no blocks of kind"):
        block_keys(networks_of(space, rows, NetworkInput(1, 10), (8, 8)))


@pytest.mark.skipif(TABLES is None, reason="NAS_TEST_OFA_TABLES is not set")
def test_the_published_tables_are_whole() -> None:
    tables = [json.loads(Path(str(TABLES), f"note10_latency_ms_{r}.json").read_text()) for r in (160, 224)]
    space = search_spaces.get("ofa_mobilenetv3", "w1.2", {"resolution": [160, 224]})
    rows = space.to_indices(space.sample(np.random.default_rng(0), 200))
    latencies_ms = PublishedTable.read(tables).predict(networks_of(space, rows, IMAGENET, (224, 224)))
    assert latencies_ms.min() > 10
    assert latencies_ms.max() < 200

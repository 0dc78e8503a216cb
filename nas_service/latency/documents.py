"""Stored predictors: what reads each kind back."""

from collections.abc import Mapping
from typing import Any

from nas_service.latency.fit import Predictor
from nas_service.latency.means import Additive, Mean
from nas_service.latency.plain import Plain
from nas_service.latency.process import Process
from nas_service.latency.published_table import PublishedTable
from nas_service.latency.transfer import Rescaled


def predictor_from_json(document: Mapping[str, Any]) -> Predictor:
    """What any predictor's `to_json` wrote. Raises ValueError for a kind that this version does not know."""
    match document["kind"]:
        case "process":
            return Process.from_json(document, _mean(document["mean"]))
        case "plain":
            return Plain.from_json(document)
        case "table":
            return PublishedTable.from_json(document)
    raise ValueError(f"a predictor of kind {document['kind']!r} is not known to this version: make it again")


def _mean(document: Mapping[str, Any]) -> Mean:
    if document["kind"] == "additive":
        return Additive.from_json(document)
    source = predictor_from_json(document["source"])
    if not isinstance(source, Process):
        raise ValueError(f"a transfer from a predictor of kind {document['source']['kind']!r} is not known")
    return Rescaled.from_json(document, source)

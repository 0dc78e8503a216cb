"""The results folder of a finished search: bundles, the front as CSV and JSON, and the search itself."""

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nas_service.cli.display.front import short_key
from nas_service.client import Client
from nas_service.domain.spec import COMPUTABLE_METRICS
from nas_service.wire.candidates import CandidateDetail
from nas_service.wire.searches import SearchDetail

SEARCH_FILE = "search.json"
LATENCY_COLUMNS = {
    "median_ms": "latency_ms",
    "ci95_low_ms": "latency_ci95_low_ms",
    "ci95_high_ms": "latency_ci95_high_ms",
    "noisy": "latency_noisy",
}


@dataclass(frozen=True, slots=True)
class FrontResult:
    """A finished member of the front. `folder` is its unpacked bundle."""

    rank: int
    candidate: CandidateDetail
    folder: Path

    def row(self) -> dict[str, Any]:
        """One line of front.csv, choices included. Accuracies are of the exported file, latencies its last."""
        final, metrics = self.candidate.final or {}, self.candidate.metrics
        row: dict[str, Any] = {
            "rank": self.rank,
            "architecture_key": self.candidate.architecture_key,
            **({"file": final["file"]} if "file" in final else {}),
            "validation_accuracy": final["validation_accuracy"],
            "test_accuracy": final["test_accuracy"],
        }
        for target, latency in sorted(final["latency"].items()):
            row |= {f"{column}@{target}": latency[name] for name, column in LATENCY_COLUMNS.items()}
        row |= {metric.value: int(metrics[metric]) for metric in sorted(COMPUTABLE_METRICS)}
        return row | {"folder": self.folder.name} | self.candidate.architecture


@dataclass(frozen=True, slots=True)
class Results:
    """What was written, and where."""

    folder: Path
    search: SearchDetail
    members: tuple[FrontResult, ...]

    def to_json(self) -> dict[str, Any]:
        """As printed by `--json`."""
        rows = [result.row() | {"folder": str(result.folder)} for result in self.members]
        return {"search": self.search.model_dump(mode="json"), "folder": str(self.folder), "front": rows}


def save_results(client: Client, search_id: str, out: Path) -> Results:
    """Download every finished member's bundle into a folder below `out`. Raises ClientError."""
    search = client.get(search_id)
    folder = folder_of(search, out)
    folder.mkdir(parents=True, exist_ok=True)
    details = [client.candidate(member.candidate.id) for member in client.front(search_id).members]
    finished = [candidate for candidate in details if "bundle" in (candidate.final or {})]
    members = []
    for rank, candidate in enumerate(finished, start=1):
        name = f"{rank:0{len(str(len(finished)))}d}-{short_key(candidate.architecture_key)}"
        members.append(FrontResult(rank, candidate, client.download_bundle(candidate.id, folder / name)))
    results = Results(folder, search, tuple(members))
    _write_tables(results)
    return results


def folder_of(search: SearchDetail, out: Path) -> Path:
    """`out/<search name>`, unless another search of that name is there already."""
    name = re.sub(r"[^\w.-]+", "-", search.name).strip(".-") or "search"
    plain = out / name
    try:
        present = json.loads((plain / SEARCH_FILE).read_text()).get("id")
    except (OSError, ValueError):
        present = None
    return plain if present in (None, search.id) else out / f"{name}-{search.id.removeprefix('search-')}"


def _write_tables(results: Results) -> None:
    (results.folder / SEARCH_FILE).write_text(results.search.model_dump_json(indent=2) + "\n")
    front = [
        {"rank": r.rank, "folder": r.folder.name, "candidate": r.candidate.model_dump(mode="json")}
        for r in results.members
    ]
    (results.folder / "front.json").write_text(json.dumps(front, indent=2) + "\n")
    rows = [result.row() for result in results.members]
    # Members may differ in the choices that matter for them; a mapping keeps the columns' order.
    columns = dict.fromkeys(name for row in rows for name in row)
    with (results.folder / "front.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(columns))
        writer.writeheader()
        writer.writerows(rows)

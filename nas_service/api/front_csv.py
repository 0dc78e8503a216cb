"""A front as a table for spreadsheets: one line a member, columns for metrics, what is sure of them, and choices."""

import csv
import io

from nas_service.wire.candidates import FrontInfo

IDENTITY = ("candidate_id", "number", "architecture_key")


def front_csv(front: FrontInfo) -> str:
    """RFC 4180. Choices that do not matter for a member are left empty."""
    metrics = sorted({key for member in front.members for key in member.metrics})
    choices = sorted({key for member in front.members for key in member.candidate.architecture})
    measured = [i for i in range(len(front.axes)) if any(member.intervals[i] for member in front.members)]
    ends = [f"{front.axes[i].key}_ci95_{end}" for i in measured for end in ("low", "high")]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*IDENTITY, *metrics, *ends, *(["probability"] if front.members else []), *choices])
    for member in front.members:
        candidate = member.candidate
        writer.writerow(
            [candidate.id, candidate.number, candidate.architecture_key]
            + [member.metrics.get(key, "") for key in metrics]
            + [end for i in measured for end in member.intervals[i] or ("", "")]
            + [member.probability]
            + [candidate.architecture.get(key, "") for key in choices]
        )
    return out.getvalue()

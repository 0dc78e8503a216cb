"""A front as a table for spreadsheets: one line a member, one column a metric and a choice."""

import csv
import io

from nas_service.wire.candidates import FrontInfo

IDENTITY = ("candidate_id", "number", "architecture_key")


def front_csv(front: FrontInfo) -> str:
    """RFC 4180. Choices that do not matter for a member are left empty."""
    members = [member.candidate for member in front.members]
    metrics = sorted({key for member in members for key in member.metrics})
    choices = sorted({key for member in members for key in member.architecture})
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*IDENTITY, *metrics, *choices])
    for member in members:
        writer.writerow(
            [member.id, member.number, member.architecture_key]
            + [member.metrics.get(key, "") for key in metrics]
            + [member.architecture.get(key, "") for key in choices]
        )
    return out.getvalue()

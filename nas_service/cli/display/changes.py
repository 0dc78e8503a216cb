"""The progress of a search as plain lines, for logs: one when something worth a line has changed."""

from nas_service.cli.display.progress import candidates_text, clock_text, phase_text, standing
from nas_service.cli.display.snapshot import Snapshot


def changes(before: Snapshot | None, now: Snapshot) -> list[str]:
    """What to print now, given what was printed last."""
    lines = []
    if before is None or phase_text(before) != phase_text(now):
        lines.append(f"{now.search.id} {now.search.name}: {phase_text(now)}")
    if now.done_count and (before is None or _score(before) != _score(now)):
        facts = [candidates_text(now), standing(now), clock_text(now)]
        lines.append("; ".join(fact for fact in facts if fact))
    return lines


def _score(snapshot: Snapshot) -> tuple[int, int]:
    return snapshot.done_count, snapshot.search.front_size

"""Names that sender and receiver of a message share. The receiving tasks are `workers.celery_tasks`."""

WORK = "nas.work"
"""Do the work item with this id."""
ADVANCE = "nas.advance"
"""Decide what the search with this id does next."""
SWEEP = "nas.sweep"
"""Take back what was lost."""

CONTROL_QUEUE = "control"
"""Carries ADVANCE and SWEEP; WORK travels in the work item's own queue."""

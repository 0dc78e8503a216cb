"""Names that sender and receiver of a message share. The receiving tasks are `workers.celery_tasks`."""

WORK = "nas.work"
"""Another work item waits in this queue: claim the one whose turn it is."""
ADVANCE = "nas.advance"
"""Decide what the search with this id does next."""
SWEEP = "nas.sweep"
"""Take back what was lost."""

CONTROL_QUEUE = "control"
"""Carries ADVANCE and SWEEP; WORK travels in the queue that it names."""

TRACEPARENT = "traceparent"
"""A header: what is being traced where the message was sent."""

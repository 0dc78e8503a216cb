"""What a search's page tells of predictions, in a real browser."""

import pytest
from playwright.sync_api import expect

from nas_service.domain.states import CandidateStatus
from tests.support.served import Served, part
from tests.support.values import NOW, a_candidate
from tests.support.watched import TIMEOUT_MS, watched

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT_MS)


def test_predicted_latencies_stand_beside_measured_ones_with_how_far_they_were_off(served: Served) -> None:
    search, page_url = served.seeded(3)
    pairs = [(0.11, 0.10), (0.18, 0.20), (0.30, 0.30)]
    with served.service.store.write() as uow:
        architecture = uow.records.candidates(search.id)[0].architecture
        for number, (predicted, measured) in enumerate(pairs, start=3):
            metrics = {"accuracy": 0.9, "macs": 1.0, "predicted_latency_ms@0": predicted, "latency_ms@0": measured}
            fields = {"metrics": metrics, "architecture": architecture, "finished_at": NOW}
            uow.candidates.add(a_candidate(search, number, status=CandidateStatus.COMPLETED, **fields))
    with watched(served.browser) as page:
        page.goto(page_url)
        expect(part(page, "predicted-note")).to_have_text(
            "3 predicted before they were measured; off by 6.7 % on average"
        )
        part(page, "predicted-chart").scroll_into_view_if_needed()
        expect(part(page, "predicted-chart").locator("canvas")).to_be_visible()
        expect(part(page, "predicted-empty")).to_be_hidden()
        part(page, "predicted-table").locator("summary").click()
        expect(part(page, "predicted-table").locator("tbody tr")).to_have_count(len(pairs))

"""What the figures of a search are drawn from: the service's documents, each fetched when it is needed, and once."""

from functools import cached_property

from nas_service.client import Client
from nas_service.wire.candidates import CandidateDetail, FrontInfo
from nas_service.wire.figures import CurvesInfo, GrowthInfo, ImportanceInfo, PointsInfo, TimelineInfo
from nas_service.wire.searches import SearchDetail, SearchEvent


class Material:
    """The documents of one search. Every property raises ClientError."""

    def __init__(self, client: Client, search_id: str) -> None:
        self._client, self._id = client, search_id

    @cached_property
    def search(self) -> SearchDetail:
        """The search itself."""
        return self._client.get(self._id)

    @cached_property
    def front(self) -> FrontInfo:
        """Its front."""
        return self._client.front(self._id)

    @cached_property
    def points(self) -> PointsInfo:
        """All candidates as columns, those of the front by the numbers that it is made of."""
        return self._client.points(self._id, final=True)

    @cached_property
    def growth(self) -> GrowthInfo:
        """Its hypervolume over time."""
        return self._client.growth(self._id)

    @cached_property
    def importance(self) -> ImportanceInfo:
        """What goes with each objective."""
        return self._client.importance(self._id)

    @cached_property
    def curves(self) -> CurvesInfo:
        """Learning curves."""
        return self._client.curves(self._id)

    @cached_property
    def timeline(self) -> TimelineInfo:
        """What workers did."""
        return self._client.timeline(self._id)

    @cached_property
    def member_rows(self) -> dict[int, int]:
        """Rows of `points` that are on the front, each with its rank from 1."""
        row_of = {candidate_id: row for row, candidate_id in enumerate(self.points.ids)}
        ranked = enumerate((member.candidate.id for member in self.front.members), start=1)
        return {row_of[candidate_id]: rank for rank, candidate_id in ranked if candidate_id in row_of}

    @cached_property
    def members(self) -> tuple[CandidateDetail, ...]:
        """The front's members with their evidence and files."""
        return tuple(self._client.candidate(member.candidate.id) for member in self.front.members)

    @cached_property
    def events(self) -> tuple[SearchEvent, ...]:
        """Everything that has happened, once the search is over; before that its stream has no end."""
        return tuple(self._client.events(self._id)) if self.search.is_over else ()

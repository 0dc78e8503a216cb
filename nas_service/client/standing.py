"""What a search handle says of its search, whichever client holds it."""

from typing import Any

from nas_service.domain.spec import SearchSpec
from nas_service.domain.states import SearchPhase, SearchStatus
from nas_service.wire.searches import SearchDetail

FAILED = frozenset({SearchStatus.FAILED, SearchStatus.CANCELLED})


class SearchStanding:
    """`info` is the search as it was last seen."""

    def __init__(self, client: Any, info: SearchDetail) -> None:
        self._client = client
        self.info = info

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.name!r} {self.status.value}>"

    @property
    def id(self) -> str:
        """Of the search."""
        return self.info.id

    @property
    def name(self) -> str:
        """As in its spec."""
        return self.info.name

    @property
    def spec(self) -> SearchSpec:
        """With every default filled in."""
        return self.info.spec

    @property
    def status(self) -> SearchStatus:
        """Its state."""
        return self.info.status

    @property
    def phase(self) -> SearchPhase:
        """What it does while it runs."""
        return self.info.phase

    @property
    def is_over(self) -> bool:
        """Whether it will not change any more."""
        return self.info.is_over

    @property
    def has_failed(self) -> bool:
        """Whether it is over without a front."""
        return self.info.status in FAILED

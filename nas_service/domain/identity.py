"""Who asks, and what they may do: scopes, API keys, and the principal that a key stands for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from nas_service.domain.entities import DEFAULT_TENANT


class Scope(StrEnum):
    """What a key may be used for."""

    READ = "read"
    """See the tenant's searches, candidates, events and files."""
    SUBMIT = "submit"
    """Submit, steer and delete the tenant's searches, and upload data sets."""
    ADMIN = "admin"
    """All of the above, and manage the tenant's keys."""
    DEVICE = "device"
    """Serve a device's timings: of the key's tenant, or with a key of tenant `default` of every tenant."""
    METRICS = "metrics"
    """Read the service's metrics, which tell of every tenant's load, and nothing else."""
    OPERATOR = "operator"
    """All of the above, and manage every tenant's keys and quotas."""


_IMPLIED: Mapping[Scope, frozenset[Scope]] = {
    Scope.ADMIN: frozenset({Scope.READ, Scope.SUBMIT}),
    Scope.OPERATOR: frozenset(Scope),
}

GRANTED_BY_OPERATORS = frozenset({Scope.DEVICE, Scope.METRICS, Scope.OPERATOR})
"""They reach beyond a tenant, so a tenant's admin cannot give them away."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks."""

    tenant: str
    scopes: frozenset[Scope]
    key_id: str | None
    """None where nobody needs a key."""

    def may(self, scope: Scope) -> bool:
        """Whether one of its scopes is, or implies, `scope`."""
        return any(scope is held or scope in _IMPLIED.get(held, ()) for held in self.scopes)


EVERYONE = Principal(DEFAULT_TENANT, frozenset(Scope), key_id=None)
"""Who asks where nobody needs a key."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is remembered of a key: never its secret."""

    id: str
    tenant: str
    name: str
    digest: str
    """sha256 of the secret, which is random and long, so that a slow hash would protect nothing more."""
    scopes: frozenset[Scope]
    created_at: datetime
    last_used_at: datetime | None = None
    """To the minute."""
    revoked_at: datetime | None = None

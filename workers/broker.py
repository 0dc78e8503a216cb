"""Redis as Celery's workers read it: a channel that lost its connection says so in a way that they survive."""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisConnectionError


class Channel(redis.Channel):
    """Raises what Celery takes for a lost connection where kombu 5.7 stumbles over what it has itself set to None.

    That happens with every message in hand while Redis goes away, when it is acknowledged or given back: an
    AttributeError, which ends the whole worker.
    """

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise RedisConnectionError("the connection of this channel was lost")
        parameters: dict[str, Any] = super()._connparams(asynchronous)
        return parameters


class Transport(redis.Transport):
    """To be named in `broker_transport`."""

    Channel = Channel

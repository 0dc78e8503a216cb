"""Real services and tools that tests stand on."""


class ServiceMissingError(Exception):
    """A real service could not be had. Fails the tests that need it on CI, skips them elsewhere."""

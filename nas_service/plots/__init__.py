"""Figures of a search without a browser, drawn from what the service answers. Needs the extra `plot` (matplotlib)."""

"""Searches as files: one zip each, with a manifest of checksums."""

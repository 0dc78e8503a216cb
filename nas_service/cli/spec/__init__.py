"""Spec files: read with line numbers, checked whole, and explained where they are wrong."""

"""The REST edge: turns requests into calls of use cases, and values into documents. Decides nothing."""

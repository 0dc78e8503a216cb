"""Delivery of work by a message broker. The database stays the truth: a message may be lost, doubled or late."""

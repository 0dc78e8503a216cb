"""Latency predictors: pure functions of networks and of what was measured of them. No database, no runtime."""

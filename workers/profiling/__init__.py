"""Latency of exported models on this device, and the lock that keeps training away while it is timed.

Importing the package imports nothing else: the harness process starts from here and must stay small.
"""

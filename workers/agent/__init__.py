"""The agent: serves the timings of a device that reaches the service over HTTP alone. `python -m workers.agent`.

It needs the few packages of the extra `agent`, and neither torch, a database nor a broker.
"""

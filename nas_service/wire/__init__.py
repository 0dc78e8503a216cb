"""The REST contract as types: what the service answers and what its clients read. No HTTP, no storage."""

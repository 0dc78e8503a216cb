"""The dashboard: pages for people, over the same use cases and documents as the REST API, and served beside it."""

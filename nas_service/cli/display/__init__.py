"""What the terminal shows: pure functions from documents to renderables. No HTTP, no clock."""

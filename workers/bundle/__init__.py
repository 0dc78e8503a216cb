"""The download: architecture, weights, exported model, card, drawing and checksums; and how to verify it."""

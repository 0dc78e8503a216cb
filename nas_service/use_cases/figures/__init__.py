"""What plots of a search show, computed on read from its completed candidates."""

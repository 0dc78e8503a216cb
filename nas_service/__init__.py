"""The service: decides what a search does next and remembers everything. It never imports torch."""

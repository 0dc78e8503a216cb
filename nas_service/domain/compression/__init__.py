"""Options of the compression steps, one file a technique: what a recipe may say of each, with good defaults."""

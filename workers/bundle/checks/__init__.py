"""What can be checked of a bundle, one file a subject; each check says what is stated, what was found, and whether
that agrees."""

"""A search as one page that can be mailed: no script, no other file. Needs the extra `plot`."""

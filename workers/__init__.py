"""The slow work: data, training, export, timing, bundles, and the processes that run them."""

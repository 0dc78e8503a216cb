"""Reading image sets, without torch: the same rules for what workers train on and for checking uploads."""

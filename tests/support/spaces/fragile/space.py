"""`mobilenet`, in which some networks cannot be trained: those with a head of 96 channels."""

from search_spaces.mobilenet.space import MobileNetSpace


class FragileSpace(MobileNetSpace):
    """The same choices; `build.py` breaks some of the networks."""

    name = "fragile"


SPACE = FragileSpace

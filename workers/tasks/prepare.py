"""Load and check the data set, and resolve the space for it."""

import search_spaces
from nas_service.domain.entities import JsonDict
from nas_service.domain.errors import PermanentError
from workers.data import summary
from workers.export.exported import require
from workers.tasks.context import Task


def prepare(task: Task) -> JsonDict:
    """Facts about data set and space.

    Raises DatasetError, and PermanentError for a space that does not fit it or a format that cannot be exported here.
    """
    require(task.search.spec.formats)
    data = task.dataset()
    height, width, channels = data.train.shape
    spec = task.search.spec.space
    try:
        space = search_spaces.get(spec.name, preset=spec.preset, choices=spec.choices, image_size=max(height, width))
    except search_spaces.SpaceError as error:
        raise PermanentError("impossible-space", str(error)) from error
    return {
        "dataset": {
            "fingerprint": data.fingerprint,
            "classes": list(data.classes),
            "channels": channels,
            "height": height,
            "width": width,
            "summary": summary(data),
        },
        "space": {
            "name": space.name,
            "preset": space.preset,
            "choices": dict(spec.choices),
            "size": str(space.size()),
        },
    }

"""What to show of a data set: facts a person or a model card wants, as JSON-able values."""

from typing import Any

import torch

from workers.data.dataset import DataSet, Split


def summary(data: DataSet) -> dict[str, Any]:
    """Counts of each split, in all and by class (in the order of `classes`), image shape, mean and std."""

    def counts(split: Split) -> dict[str, Any]:
        by_class = torch.bincount(split.labels, minlength=len(data.classes))
        return {"samples": len(split), "by_class": by_class.tolist(), "streamed": split.is_streamed}

    return {
        "name": data.name,
        "fingerprint": data.fingerprint,
        "classes": list(data.classes),
        "image": {"channels": data.channels, "height": data.height, "width": data.width},
        "mean": list(data.mean),
        "std": list(data.std),
        "splits": {
            "train": counts(data.train),
            "validation": counts(data.validation),
            "test": counts(data.test),
        },
    }

"""What all documents on the wire have in common."""

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """Frozen. Field names carry units; times are UTC ISO 8601; what may exceed 2**53 is a string."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

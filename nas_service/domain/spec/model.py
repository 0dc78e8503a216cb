"""What all parts of the spec have in common."""

from pydantic import BaseModel, ConfigDict


class SpecModel(BaseModel):
    """Frozen, and a misspelt field is an error rather than a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

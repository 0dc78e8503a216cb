"""Values and rules of the service. Imports the standard library, pydantic and search space values only."""

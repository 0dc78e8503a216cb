"""What the rules about documents and containers share."""

import pytest
import typer


@pytest.fixture
def nas_commands() -> set[str]:
    """Names of the commands of `nas`; imported late, so that a broken command line fails these tests alone."""
    from nas_service.cli.main import app

    return set(typer.main.get_group(app).commands)

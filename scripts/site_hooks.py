"""What mkdocs asks for while it builds the site: the order of the pages, and the reference, generated from the code."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from scripts.cli_reference import cli_reference
from scripts.rest_reference import rest_reference

FIRST = ["index.md", "quickstart.md", "concepts.md"]
REFERENCE = {"reference/cli.md": "Command line", "reference/rest.md": "REST"}

_OUTSIDE = re.compile(r"\[[^\]]*\]\((?:\.\./)+((?:benchmarks|deploy|examples|scripts)/[^)]*)\)")
"""Links to files of the repository that are no pages."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Guides and decisions are listed as they lie in their folders, so that a new page needs no second entry."""
    docs = Path(config.docs_dir)
    config.nav = [
        *FIRST,
        {"Guides": _pages(docs, "guides")},
        {"Reference": [{title: path} for path, title in REFERENCE.items()]},
        {"Decisions": _pages(docs, "decisions")},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the reference."""
    made = {"reference/cli.md": cli_reference(), "reference/rest.md": rest_reference(_openapi())}
    for path, content in made.items():
        files.append(File.generated(config, path, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Files outside of docs/ are named, for the site has no address of the repository."""
    return _OUTSIDE.sub(r"`\1`", markdown)


def _pages(docs: Path, folder: str) -> list[str]:
    return sorted(str(path.relative_to(docs)) for path in (docs / folder).glob("*.md"))


def _openapi() -> dict[str, Any]:
    from nas_service.api.app import create_app
    from nas_service.bootstrap import bootstrap
    from nas_service.settings import Settings

    with TemporaryDirectory() as home:
        service = bootstrap(Settings(home=Path(home)))
        contract: dict[str, Any] = create_app(service).openapi()
        service.store.engine.dispose()
    return contract

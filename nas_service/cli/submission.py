"""Submits a spec file, and brings what the service finds wrong with it back to the file's lines."""

from nas_service.cli.spec.check import refused
from nas_service.cli.spec.document import SpecDocument
from nas_service.client import Client, ClientError
from nas_service.domain.spec import SearchSpec
from nas_service.wire.searches import SearchDetail


def submit_file(
    client: Client, spec: SearchSpec, document: SpecDocument, idempotency_key: str | None = None
) -> SearchDetail:
    """Submit the spec that was read from the document. Raises SpecFileError, and ClientError for all else."""
    try:
        return client.submit(spec, idempotency_key=idempotency_key).info
    except ClientError as error:
        if not error.problem.errors:
            raise
        raise refused(document, [(e.field, e.message) for e in error.problem.errors]) from None

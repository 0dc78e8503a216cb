"""A command for the server itself: it holds the database anyway, so it asks for no key."""

import argparse
import sys

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from nas_service.bootstrap import bootstrap
from nas_service.domain.errors import UserError


def run(parser: argparse.ArgumentParser) -> None:
    """Call the chosen command's `act(service, arguments)` and write the document that it returns as JSON.

    A refusal is one sentence and a status that is not 0.
    """
    given = parser.parse_args()
    service = bootstrap()
    try:
        document = given.act(service, given)
    except ValidationError as error:
        sys.exit("error: " + "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
    except UserError as error:
        sys.exit(f"error: {error.detail}")
    except SQLAlchemyError as error:
        name = type(error).__name__
        sys.exit(f"error: the database does not answer ({name}): `nas migrate`, or mend NAS_DATABASE_URL")
    finally:
        service.store.engine.dispose()
    sys.stdout.write(document.model_dump_json() + "\n")

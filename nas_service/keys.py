"""API keys straight in the configured database, the first one too: `python -m nas_service.keys create|list|revoke`.

Whoever may run it holds the database anyway, so it asks for no key. Results are JSON on stdout.
"""

import argparse
import json
import sys
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from nas_service.api.converters import key_info
from nas_service.bootstrap import bootstrap
from nas_service.domain.entities import DEFAULT_TENANT
from nas_service.domain.errors import UserError
from nas_service.domain.identity import Scope
from nas_service.store.unit_of_work import SqlStore
from nas_service.use_cases import keys
from nas_service.use_cases.ports import Page
from nas_service.wire.keys import DEFAULT_SCOPES, KeyRequest, NewKey

MOST_LISTED = 1000


def _create(store: SqlStore, given: argparse.Namespace) -> Any:
    wanted = KeyRequest(name=given.name, scopes=frozenset(given.scope or DEFAULT_SCOPES), tenant=given.tenant)
    key, token = keys.create_key(store, wanted.tenant or DEFAULT_TENANT, wanted.name, wanted.scopes)
    return NewKey(key=key_info(key), token=token).model_dump(mode="json")


def _list(store: SqlStore, given: argparse.Namespace) -> Any:
    seen = store.of_tenant(given.tenant) if given.tenant else store
    with seen.read() as uow:
        found, _ = uow.keys.list(Page(MOST_LISTED))
    return {"items": [key_info(key).model_dump(mode="json") for key in found]}


def _revoke(store: SqlStore, given: argparse.Namespace) -> Any:
    return key_info(keys.revoke_key(store, given.id)).model_dump(mode="json")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nas keys")
    commands = parser.add_subparsers(required=True)
    create = commands.add_parser("create")
    create.add_argument("name")
    create.add_argument("--tenant", default=DEFAULT_TENANT)
    create.add_argument("--scope", action="append", type=Scope, choices=list(Scope))
    create.set_defaults(act=_create)
    listing = commands.add_parser("list")
    listing.add_argument("--tenant")
    listing.set_defaults(act=_list)
    revoke = commands.add_parser("revoke")
    revoke.add_argument("id")
    revoke.set_defaults(act=_revoke)
    return parser


def main() -> None:
    """One command; a refusal is one sentence and a status that is not 0."""
    given = _parser().parse_args()
    store = bootstrap().store
    try:
        document = given.act(store, given)
    except ValidationError as error:
        sys.exit("error: " + "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
    except UserError as error:
        sys.exit(f"error: {error.detail}")
    except SQLAlchemyError as error:
        sys.exit(
            f"error: the database does not answer ({type(error).__name__}): `nas migrate`, or mend NAS_DATABASE_URL"
        )
    finally:
        store.engine.dispose()
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()

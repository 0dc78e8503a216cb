"""API keys straight in the configured database, the first one too: `python -m nas_service.keys create|list|revoke`.

Whoever may run it holds the database anyway, so it asks for no key. Results are JSON on stdout.
"""

import argparse
from typing import Any

from nas_service.api.converters import key_info
from nas_service.bootstrap import Service
from nas_service.domain.entities import DEFAULT_TENANT
from nas_service.domain.identity import Scope
from nas_service.server_command import run
from nas_service.use_cases import keys
from nas_service.use_cases.ports import Page
from nas_service.wire.keys import DEFAULT_SCOPES, KeyPage, KeyRequest, NewKey

MOST_LISTED = 1000


def _create(service: Service, given: argparse.Namespace) -> Any:
    wanted = KeyRequest(name=given.name, scopes=frozenset(given.scope or DEFAULT_SCOPES), tenant=given.tenant)
    key, token = keys.create_key(service.store, wanted.tenant or DEFAULT_TENANT, wanted.name, wanted.scopes)
    return NewKey(key=key_info(key), token=token)


def _list(service: Service, given: argparse.Namespace) -> Any:
    seen = service.store.of_tenant(given.tenant) if given.tenant else service.store
    with seen.read() as uow:
        found, _ = uow.keys.list(Page(MOST_LISTED))
    return KeyPage(items=tuple(key_info(key) for key in found), next_cursor=None)


def _revoke(service: Service, given: argparse.Namespace) -> Any:
    return key_info(keys.revoke_key(service.store, given.id))


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


if __name__ == "__main__":
    run(_parser())

"""Quotas straight in the configured database: `python -m nas_service.quotas show|set`. Results are JSON on stdout."""

import argparse
from typing import Any

from nas_service.api.converters import account_info, quota_list
from nas_service.bootstrap import Service
from nas_service.domain.quotas import Quotas
from nas_service.server_command import run
from nas_service.use_cases.quotas import account
from nas_service.wire.keys import KeyRequest
from nas_service.wire.quotas import QuotaLimits


def _show(service: Service, given: argparse.Namespace) -> Any:
    if given.tenant is not None:
        return account_info(given.tenant, account(service.store, given.tenant, service.settings.quotas))
    with service.store.read() as uow:
        return quota_list(uow.quotas.all(), service.settings.quotas)


def _set(service: Service, given: argparse.Namespace) -> Any:
    KeyRequest(name="checks the tenant", tenant=given.tenant)
    limits = QuotaLimits.model_validate({name: getattr(given, name) for name in QuotaLimits.model_fields})
    with service.store.write() as uow:
        uow.quotas.put(given.tenant, Quotas(**limits.model_dump()))
    return account_info(given.tenant, account(service.store, given.tenant, service.settings.quotas))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nas quotas")
    commands = parser.add_subparsers(required=True)
    show = commands.add_parser("show")
    show.add_argument("--tenant")
    show.set_defaults(act=_show)
    setting = commands.add_parser("set")
    setting.add_argument("tenant")
    for name in QuotaLimits.model_fields:
        setting.add_argument(f"--{name.replace('_', '-')}")
    setting.set_defaults(act=_set)
    return parser


if __name__ == "__main__":
    run(_parser())

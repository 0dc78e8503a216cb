"""Quotas: a tenant sees its own, operators set everybody's."""

from typing import Annotated

from fastapi import APIRouter, Path

from nas_service.api.converters import account_info, quota_list
from nas_service.api.dependencies import ServiceDep
from nas_service.api.identity import Operator, Reader, TenantStore
from nas_service.domain.quotas import Quotas
from nas_service.use_cases import quotas
from nas_service.wire.keys import TENANT_PATTERN
from nas_service.wire.quotas import AccountInfo, QuotaLimits, QuotaList

router = APIRouter(prefix="/v1", tags=["quotas"])


@router.get("/usage")
def get_usage(reader: Reader, service: ServiceDep, store: TenantStore) -> AccountInfo:
    """Your tenant's quotas, and how much of them is taken."""
    return account_info(reader.tenant, quotas.account(store, reader.tenant, service.settings.quotas))


@router.get("/quotas")
def list_quotas(operator: Operator, service: ServiceDep) -> QuotaList:
    """Tenants that have quotas of their own, and the quotas of all others."""
    with service.store.read() as uow:
        return quota_list(uow.quotas.all(), service.settings.quotas)


@router.put("/quotas/{tenant}")
def set_quotas(
    operator: Operator,
    service: ServiceDep,
    tenant: Annotated[str, Path(pattern=TENANT_PATTERN, description="Whose quotas.")],
    wanted: QuotaLimits,
) -> AccountInfo:
    """Set all quotas of a tenant; what is null or left out is as for tenants without quotas of their own."""
    with service.store.write() as uow:
        uow.quotas.put(tenant, Quotas(**wanted.model_dump()))
    return account_info(tenant, quotas.account(service.store, tenant, service.settings.quotas))

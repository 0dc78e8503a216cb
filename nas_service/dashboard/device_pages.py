"""The page of devices and of the workers on them."""

from dataclasses import dataclass

from fastapi import Request, Response

from nas_service.api.dependencies import ServiceDep
from nas_service.api.device_converters import device_info, worker_info
from nas_service.api.identity import Reader
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import HTMX_REQUEST, render
from nas_service.use_cases.devices import known_devices
from nas_service.wire.catalog import DeviceInfo
from nas_service.wire.service import WorkerInfo

router = page_router()


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device with those of its workers that were heard of lately."""

    device: DeviceInfo
    workers: tuple[WorkerInfo, ...]


@router.get("/devices")
def list_devices(request: Request, reader: Reader, service: ServiceDep) -> Response:
    """What can be timed on, and who does the work; htmx gets the list alone."""
    with service.store.read() as uow:
        devices = [device_info(device) for device in known_devices(uow, reader.tenant)]
        workers = [worker for worker in uow.workers.live() if worker.owner in {None, reader.tenant}]
    on = {device.id: [worker for worker in workers if worker.device["id"] == device.id] for device in devices}
    views = [
        DeviceView(device, tuple(worker_info(worker, request.app.version) for worker in on[device.id]))
        for device in devices
    ]
    template = "devices_list.html" if HTMX_REQUEST in request.headers else "devices.html"
    return render(request, template, views=views)

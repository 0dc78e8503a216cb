"""The page of devices, of the workers on them, and of what predicts their latencies."""

from dataclasses import dataclass

from fastapi import Request, Response

from nas_service.api.dependencies import ServiceDep
from nas_service.api.device_converters import device_info, worker_info
from nas_service.api.identity import Reader, TenantStore
from nas_service.api.predictor_converters import predictor_info
from nas_service.dashboard.page_route import page_router
from nas_service.dashboard.render import HTMX_REQUEST, render
from nas_service.dashboard.sparkline import dots_path, strip_height
from nas_service.use_cases import predictors
from nas_service.use_cases.devices import known_devices
from nas_service.use_cases.ports import Page
from nas_service.wire.catalog import DeviceInfo, NoiseHistory
from nas_service.wire.predictors import PredictorInfo
from nas_service.wire.service import WorkerInfo

router = page_router()


WANTED_RATIO = 0.01
"""The precision that timings are taken to."""
MOST_PREDICTORS = 50


@dataclass(frozen=True, slots=True)
class NoiseStrip:
    """The precisions of a device's timings, one after the other, and the precision that was wanted."""

    dots: str
    wanted_y: float
    count: int

    @classmethod
    def of(cls, noise: NoiseHistory) -> "NoiseStrip":
        """At the scale of twice what was wanted, or more where a device is noisier."""
        top = max(2 * WANTED_RATIO, *noise.history)
        return cls(dots_path(noise.history, top), strip_height(WANTED_RATIO, top), len(noise.history))


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device with those of its workers that were heard of lately."""

    device: DeviceInfo
    workers: tuple[WorkerInfo, ...]

    @property
    def strip(self) -> NoiseStrip | None:
        """None where fewer than two precisions are known."""
        noise = self.device.noise
        return NoiseStrip.of(noise) if noise and len(noise.history) > 1 else None


@router.get("/devices")
def list_devices(request: Request, reader: Reader, service: ServiceDep, store: TenantStore) -> Response:
    """What can be timed on, who does the work, and what is known beforehand; htmx gets the list alone."""
    with service.store.read() as uow:
        devices = [device_info(device) for device in known_devices(uow, reader.tenant)]
        workers = [worker for worker in uow.workers.live() if worker.owner in {None, reader.tenant}]
    on = {device.id: [worker for worker in workers if worker.device["id"] == device.id] for device in devices}
    views = [
        DeviceView(device, tuple(worker_info(worker, request.app.version) for worker in on[device.id]))
        for device in devices
    ]
    template = "devices_list.html" if HTMX_REQUEST in request.headers else "devices.html"
    return render(request, template, views=views, predictors=_predictors(store, reader.tenant))


def _predictors(store: TenantStore, tenant: str) -> list[PredictorInfo]:
    """The newest ones. Those that hold no more say why."""
    with store.read() as uow:
        found, _ = uow.predictors.list(Page(MOST_PREDICTORS), None, None)
        return [predictor_info(predictors.view(uow, predictor, tenant)) for predictor in found]

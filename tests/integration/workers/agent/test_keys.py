"""Whom a device serves is said by its key, and an agent without a right one ends with a sentence."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nas_service.api.app import create_app
from nas_service.client import Client
from nas_service.domain.identity import Scope
from nas_service.use_cases.keys import create_key
from tests.integration.workers.agent.conftest import DEVICE, Shed
from tests.support.api import new_service, serving
from tests.support.source import ROOT
from workers.agent.door import Door


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Shed]:
    """A service that asks everybody for a key."""
    with new_service(tmp_path / "home", require_keys=True) as service, serving(create_app(service)) as url:
        shed = Shed(service, tmp_path, url)
        yield shed
        for door in shed.doors:
            door.close()


def connected(shed: Shed, tenant: str) -> Door:
    """An agent with a key of this tenant."""
    _, token = create_key(shed.service.store, tenant, "a device", [Scope.DEVICE])
    door = shed.door(shed.url, token)
    door.connect(shed.agent(threading.Event()).hello)
    return door


def seen_by(shed: Shed, tenant: str) -> list[str]:
    """Names of the devices that a reader of this tenant sees."""
    _, token = create_key(shed.service.store, tenant, "a reader", [Scope.READ])
    with Client(shed.url, token=token) as client:
        return [device.name for device in client.devices().items]


def test_a_tenants_device_gets_nothing_of_others_and_is_seen_by_nobody_else(guarded: Shed) -> None:
    theirs = connected(guarded, "acme")
    assert (seen_by(guarded, "acme"), seen_by(guarded, "other")) == ([DEVICE], [])
    guarded.submit()
    assert theirs.lease(0.0)[0] is None
    everybodys = connected(guarded, "default")
    assert everybodys.lease(0.0)[0] is not None
    assert seen_by(guarded, "other") == [DEVICE]


@pytest.mark.parametrize(("token", "said"), [("nas_wrong", "key"), ("", "key")])
def test_a_wrong_key_ends_the_agent_with_a_sentence(guarded: Shed, token: str, said: str) -> None:
    settings = {"NAS_URL": guarded.url, "NAS_DEVICE": DEVICE, "NAS_TOKEN": token, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "workers.agent"]
    ended = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: ")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr

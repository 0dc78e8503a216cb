"""What an agent is told by its environment (prefix NAS_); `nas agent` sets it from its options."""

import tempfile
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from nas_service.wire.agents import DeviceName


class AgentSettings(BaseSettings):
    """Which service, as whom, and as which device."""

    model_config = SettingsConfigDict(env_prefix="NAS_", frozen=True, use_attribute_docstrings=True)

    url: str
    """The service, such as `https://nas.example.org`."""
    device: DeviceName
    """What targets call this device."""
    token: SecretStr | None = None
    """API key with the scope `device`; none where the service asks for none."""
    host_lock_dir: Path = Path(tempfile.gettempdir()) / "nas-service-host"
    """Locks that keep training and other timings on this host away; one folder for all of them."""

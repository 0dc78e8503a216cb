"""What a process says: one JSON object a line whoever says it, and no secrets."""

import json
import os
import subprocess
import sys

import pytest

from nas_service.redaction import redactor

SECRETS = {
    "NAS_DATABASE_URL": "postgresql+psycopg://nas:database%21secret@127.0.0.1:1/nas",
    "NAS_BROKER_URL": "redis://:broker-secret@127.0.0.1:1/0",
    "AWS_SECRET_ACCESS_KEY": 'bucket"secret',
    "NAS_TOKEN": "nas_0123456789ab_" + "s" * 43,
}
WORDS = ("database!secret", "database%21secret", "broker-secret", 'bucket"secret', "sssss")

SAYS_ALL = """
import logging, os, threading, warnings
import structlog
from nas_service import logs
logs.configure("test")
log = structlog.get_logger()
everything = " ".join(os.environ[name] for name in ("NAS_DATABASE_URL", "NAS_BROKER_URL", "AWS_SECRET_ACCESS_KEY"))
log.info("own", said=everything, nested={"header": "Bearer " + os.environ["NAS_TOKEN"]})
logging.getLogger("a.library").warning("failed with %s", everything)
logging.getLogger("optuna").warning("sampled")
warnings.warn(everything)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError(everything)
"""


def test_every_line_of_a_process_is_json_without_secrets() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYS_ALL], env={**os.environ, **SECRETS}, capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["level"] for line in lines] == ["info", "warning", "warning", "warning", "critical", "critical"]
    assert all(line["process"] == "test" and line["timestamp"].endswith("Z") for line in lines)
    assert "ZeroDivisionError" in lines[4]["exception"]
    assert "ValueError" in lines[5]["exception"]
    assert [word for word in WORDS if word in done.stdout or json.dumps(word)[1:-1] in done.stdout] == []
    assert "127.0.0.1:1/nas" in done.stdout


@pytest.mark.parametrize(
    ("said", "hidden"),
    [
        ("amqp://user:pass@host/x", "amqp://user:***@host/x"),
        ("postgresql://host/db?user=nas&password=pass", "postgresql://host/db?user=nas&password=***"),
        ("authorization: Bearer abc.DEF-1", "authorization: Bearer ***"),
        ("key nas_0123456789ab_qwertz", "key nas_0123456789ab_***"),
        ("http://127.0.0.1:8321/v1", "http://127.0.0.1:8321/v1"),
        ("image@2x of http://host/", "image@2x of http://host/"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_whoever_it_belongs_to(said: str, hidden: str) -> None:
    assert redactor({})(said) == hidden


def test_a_short_word_is_not_hidden_everywhere() -> None:
    """A password `nas` would make every line of the log unreadable."""
    assert redactor({"POSTGRES_PASSWORD": "nas"})("nas.work redis://:nas@host") == "nas.work redis://:***@host"

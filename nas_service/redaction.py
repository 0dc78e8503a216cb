"""Takes secrets out of lines that are about to be logged: those of the environment, and what looks like one."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

HIDDEN = "***"
SHORTEST = 6
"""A shorter secret is only hidden where it stands in a URL: words of the log would be hidden with it."""

_SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY|BASIC_AUTH|OTLP_HEADERS", re.IGNORECASE)
_PATTERNS = (
    (re.compile(r"(?<=://)([^/\s:@\"']*):[^/\s@\"']+@"), rf"\1:{HIDDEN}@"),
    (re.compile(r"(\bbearer\s+)[\w.~+/=-]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(\bnas_[0-9a-f]{12}_)[\w-]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(\b(?:password|secret|token)=)[^&\s\"']+", re.IGNORECASE), rf"\1{HIDDEN}"),
)


def redactor(environment: Mapping[str, str]) -> Callable[[str], str]:
    """A function that hides secrets in a line of JSON."""
    known = {form for secret in _secrets(environment) for form in (secret, unquote(secret), json.dumps(secret)[1:-1])}
    exact = re.compile("|".join(re.escape(secret) for secret in sorted(known, key=len, reverse=True)))

    def redact(text: str) -> str:
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return exact.sub(HIDDEN, text) if known else text

    return redact


def _secrets(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        secret = value if _SECRET_NAME.search(name) else _password(value)
        if secret is not None and len(secret) >= SHORTEST:
            yield secret


def _password(value: str) -> str | None:
    try:
        return urlsplit(value).password if "://" in value else None
    except ValueError:
        return None

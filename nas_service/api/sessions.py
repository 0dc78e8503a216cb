"""Sessions of browsers: a signed cookie that names the key which was signed in with, never the key itself."""

import os
import secrets
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer

from nas_service.domain.errors import UnauthenticatedError
from nas_service.settings import Settings

COOKIE = "nas_session"
SECRET_FILE = "session-secret"
SECRET_BYTES = 32


class Sessions:
    """Issues and reads the cookies. A session ends with its key, after `session_hours`, or by signing out."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.session_secret.get_secret_value() or _kept_secret(settings.home.resolve())
        self._signer = URLSafeTimedSerializer(secret, salt=COOKIE)
        self.lasts_s = round(settings.session_hours * 3600)

    def issue(self, key_id: str) -> str:
        """The cookie of a session that begins now."""
        return self._signer.dumps(key_id)

    def key_id(self, cookie: str) -> str:
        """The key that the session was begun with. Raises UnauthenticatedError."""
        try:
            return str(self._signer.loads(cookie, max_age=self.lasts_s))
        except BadSignature as error:
            raise UnauthenticatedError("session-over", "the session is over; sign in again") from error


def _kept_secret(home: Path) -> str:
    """Made once; whoever can read it can sign in as anybody."""
    path = home / SECRET_FILE
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES))
    except FileExistsError:
        pass
    return path.read_text()

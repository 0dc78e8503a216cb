"""Receives webhooks and prints each genuine message once; the standard library is all it needs.

    NAS_WEBHOOK_SECRET=whsec_... python examples/receive_webhooks.py 8400

Messages are signed as standardwebhooks.com has it, so its libraries would do as well as `is_genuine`.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLERANCE_S = 300
SECRET = base64.b64decode(os.environ["NAS_WEBHOOK_SECRET"].removeprefix("whsec_"))
seen: set[str] = set()


def is_genuine(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the service sent this, and lately."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_S:
        return False
    digest = hmac.digest(SECRET, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    expected = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(expected, given) for given in headers.get("webhook-signature", "").split())


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what is genuine; the service sends again whatever is answered otherwise."""

    def do_POST(self) -> None:  # noqa: N802 (the name that http.server asks for)
        body = self.rfile.read(int(self.headers["content-length"]))
        genuine = is_genuine(self.headers, body)
        if genuine and self.headers["webhook-id"] not in seen:  # a message may come twice
            seen.add(self.headers["webhook-id"])
            print(json.dumps(json.loads(body)), flush=True)
        self.send_response(204 if genuine else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing but messages is printed."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print(f"receiving on http://127.0.0.1:{server.server_port}/", file=sys.stderr, flush=True)
    server.serve_forever()

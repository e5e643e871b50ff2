# Takes Edgepost's webhooks and verifies their signatures. Python 3.9 or later, nothing to install:
# WEBHOOK_SECRET=whsec_… PORT=3000 python3 verify.py
import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300


def verify(secret, headers, body):
    """`body` is the exact body, as bytes, before anything parsed it."""
    timestamp = headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    # While a secret rotates there are two signatures; one that fits is enough.
    signatures = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one.encode()) for one in signatures)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        is_good = verify(os.environ["WEBHOOK_SECRET"], self.headers, body)
        if is_good:
            # It may come twice: remember the webhook-id of what was done already.
            event = json.loads(body)
            print(self.headers["webhook-id"], event["event"], flush=True)
        self.send_response(204 if is_good else 400)
        self.end_headers()


ThreadingHTTPServer(("", int(os.environ.get("PORT", 3000))), Receiver).serve_forever()

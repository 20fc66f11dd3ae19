"""A real HTTP server on this machine that misbehaves as it is told to."""

import contextlib
import dataclasses
import hashlib
import http.server
import os
import random
import ssl
import threading
import time
from pathlib import Path

CONTENT = random.Random(0).randbytes(500_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)
# Certificate and key of 127.0.0.1, for tests alone; it signs itself, so it is its own authority.
CERTIFICATE = str(Path(__file__).with_name("localhost.pem"))


@dataclasses.dataclass
class Answer:
    """How one request is answered: like a good server, but for what is set.

    Attributes:
        status: anything but 200 sends this status and nothing else.
        headers: further headers.
        cut: close the connection after so many bytes of the body.
        announced: the Content-Length to send; None leaves it out and ends the body by closing the connection.
        ranges: whether `Range` is understood.
        etag: the ETag.
        pause: seconds between pieces of 16 kB.
        piece: bytes in a piece.
    """

    status: int = 200
    headers: dict = dataclasses.field(default_factory=dict)
    cut: int | None = None
    announced: int | str | None = "true"
    ranges: bool = True
    etag: str | None = '"1"'
    pause: float = 0.0
    piece: int = 1 << 14


class WebServer(http.server.ThreadingHTTPServer):
    """Serves `content` at every path; the next request gets the first of `answers`, the last one stays.

    Attributes:
        requests: `(path, headers)` of each request so far.
        sent: bytes of bodies sent.
    """

    daemon_threads = True
    scheme = "http"

    def __init__(self, content, *answers):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.answers = content, list(answers) or [Answer()]
        self.requests, self.sent = [], 0
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """A client that goes away is what the tests are about; nothing is printed."""

    def url(self, path="/gcl.weights.h5"):
        """An address on this server."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}{path}"

    def ranges(self):
        """What each request asked for: its Range, None for the whole file."""
        return [headers.get("Range") for _, headers in self.requests]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        with server.lock:
            server.requests.append((self.path, dict(self.headers)))
            answer = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
        if answer.status != 200:
            self._head(answer.status, {**answer.headers, "Content-Length": "0"})
            return
        body, headers = server.content, {"ETag": answer.etag, **answer.headers}
        status = 200
        asked = self.headers.get("Range")
        if asked and answer.ranges and self.headers.get("If-Range") in (None, answer.etag):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                self._head(416, {"Content-Range": f"bytes */{len(body)}", "Content-Length": "0"})
                return
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body = body[start:]
        headers["Content-Length"] = len(body) if answer.announced == "true" else answer.announced
        self._head(status, headers)
        end = len(body) if answer.cut is None else answer.cut
        self.close_connection = self.close_connection or answer.cut is not None or answer.announced != "true"
        with contextlib.suppress(ConnectionError):
            for position in range(0, end, answer.piece):
                piece = body[position : min(end, position + answer.piece)]
                with server.lock:  # Before writing: the client may have it all before this thread goes on.
                    server.sent += len(piece)
                self.wfile.write(piece)
                time.sleep(answer.pause)

    def _head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serve(content, *answers, secure=False):
    """A running `WebServer`; a `secure` one speaks https, with the certificate in `CERTIFICATE`."""
    server = WebServer(content, *answers)
    if secure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket, server.scheme = context.wrap_socket(server.socket, server_side=True), "https"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def left(target):
    """What lies in the folder of a download besides the lock."""
    return sorted(name for name in os.listdir(target.parent) if not name.endswith(".lock"))

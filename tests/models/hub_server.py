"""A stand-in for the Hugging Face Hub: the requests of `huggingface_hub` for one commit and for one file."""

import base64
import contextlib
import hashlib
import http.server
import json
import threading
import urllib.parse


class HubServer(http.server.ThreadingHTTPServer):
    """Keeps the files of repositories in a folder: `FOLDER/ORGANIZATION/REPOSITORY/REVISION/PATH`.

    Attributes:
        requests: `METHOD PATH` of each request so far.
        created: the content of each request to make a repository.
        messages: the commits' messages.
        token: what a client must log in with, or None.
    """

    daemon_threads = True

    def __init__(self, folder, token=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.token = folder, token
        self.requests, self.created, self.messages = [], [], []

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.requests.append(f"POST {self.path}")
        parts = [urllib.parse.unquote(part) for part in self.path.partition("?")[0].strip("/").split("/")]
        if self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self._send(401, {"error": "Invalid credentials"})
        elif parts == ["api", "repos", "create"]:
            made = json.loads(body)
            self.server.created.append(made)
            self._send(200, {"url": f"{self.server.endpoint}/{made['organization']}/{made['name']}"})
        elif parts == ["api", "validate-yaml"]:
            self._send(200, {"errors": [], "warnings": []})
        elif parts[:2] == ["api", "models"] and parts[4] == "branch":
            self._send(200, {})
        elif parts[:2] == ["api", "models"] and parts[4] == "preupload":
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._send(200, {"files": files})
        elif parts[:2] == ["api", "models"] and parts[4] == "commit":
            self._commit(self.server.folder.joinpath(parts[2], parts[3], parts[5]), body)
            oid = "0" * 40
            self._send(
                200,
                {
                    "commitUrl": f"{self.server.endpoint}/{parts[2]}/{parts[3]}/commit/{oid}",
                    "commitOid": oid,
                },
            )
        else:
            self._send(404, {"error": f"not made for {self.path}"})

    def do_HEAD(self):
        self._file(False)

    def do_GET(self):
        self._file(True)

    def _commit(self, folder, body):
        for line in body.decode().splitlines():
            entry = json.loads(line)
            if entry["key"] == "header":
                self.server.messages.append(entry["value"]["summary"])
            else:
                path = folder / entry["value"]["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(base64.b64decode(entry["value"]["content"]))

    def _file(self, with_body):
        self.server.requests.append(f"{self.command} {self.path}")
        parts = [urllib.parse.unquote(part) for part in self.path.partition("?")[0].strip("/").split("/")]
        if parts[:2] == ["api", "models"] and parts[4:5] == ["revision"]:
            info = {"id": f"{parts[2]}/{parts[3]}", "xetEnabled": False, "siblings": []}
            self._send(200, info, with_body=with_body)
            return
        path = None
        if len(parts) > 4 and parts[2] == "resolve":
            path = self.server.folder.joinpath(parts[0], parts[1], parts[3], *parts[4:])
        if path is None or not path.is_file():
            self._send(404, {"error": "not found"}, {"X-Error-Code": "EntryNotFound"}, with_body)
            return
        content = path.read_bytes()
        tag = hashlib.sha1(content).hexdigest()
        revision = self.server.folder.joinpath(parts[0], parts[1], parts[3])
        files = sorted(file for file in revision.rglob("*") if file.is_file())
        commit = hashlib.sha1(
            b"".join(hashlib.sha1(file.read_bytes()).digest() for file in files)
        ).hexdigest()
        self._send(
            200,
            content,
            {"ETag": f'"{tag}"', "X-Repo-Commit": commit},
            with_body,
        )

    def _send(self, status, content, headers=None, with_body=True):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def hub(folder, token=None):
    """A running `HubServer`."""
    server = HubServer(folder, token)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

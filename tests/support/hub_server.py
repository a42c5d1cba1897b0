"""A small server on 127.0.0.1 that speaks the Hugging Face hub's protocol: what a repository is, its tree in pages, and
its files by ``resolve``, large ones by a redirect to another host. It serves byte ranges, and cuts where it is told.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

PAGE = 3  # entries of a tree at once


@dataclass
class Repository:
    """``refused`` is (status, X-Error-Code) that everything of it answers; ``files_refused`` that its files do."""

    files: dict[str, bytes]
    large: set[str] = field(default_factory=set)
    commit: str = "a" * 40
    licence: str = "mit"
    configs: list[dict[str, object]] = field(default_factory=list)
    token: str = ""
    refused: tuple[int, str] | None = None
    files_refused: tuple[int, str] | None = None


@dataclass
class Asked:
    """One request: ``range`` is the first byte that it wants, and ``token`` what it said who it is."""

    method: str
    path: str
    start: int
    token: str
    agent: str


class Server(ThreadingHTTPServer):
    """``cuts``: by path after how many bytes the connection is closed, once each. ``plain``: files by their path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories: dict[str, Repository] = {}
        self.plain: dict[str, bytes] = {}
        self.cuts: dict[str, int] = {}
        self.too_many: list[int] = []  # the next files are refused for so many seconds each
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def starts(self, ending: str) -> list[int]:
        """The first bytes that were wanted of a file, in order."""
        return [one.start for one in self.asked if one.method == "GET" and one.path.endswith(ending)]


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def git_digest(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        parts = [unquote(part) for part in address.path.strip("/").split("/")]
        wanted = self.headers.get("Range", "bytes=0-").removeprefix("bytes=")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        agent = self.headers.get("User-Agent", "")
        self.server.asked.append(Asked(self.command, address.path, int(wanted.split("-")[0]), token, agent))
        if parts[0] == "cdn":
            self._file(self.server.repositories["/".join(parts[1:3])].files["/".join(parts[3:])])
        elif address.path in self.server.plain:
            self._file(self.server.plain[address.path])
        elif parts[0] == "api" and len(parts) > 4:
            self._api("/".join(parts[2:4]), parts[4], parts[5:], parse_qs(address.query))
        elif parts[0] == "datasets" and parts[3] == "resolve":
            self._resolve("/".join(parts[1:3]), parts[4], "/".join(parts[5:]))
        else:
            self._json({"error": "Not Found"}, 404)

    def _repository(self, name: str, revision: str) -> Repository | None:
        """It, unless it is refused, which has been answered then."""
        repository = self.server.repositories.get(name)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if repository is None or (repository.token and repository.token != token):
            self._refuse((401, "RepoNotFound"))
        elif repository.refused:
            self._refuse(repository.refused)
        elif revision not in ("main", repository.commit):
            self._refuse((404, "RevisionNotFound"))
        else:
            return repository
        return None

    def _api(self, name: str, what: str, more: list[str], query: dict[str, list[str]]) -> None:
        repository = self._repository(name, more[0])
        if repository is None:
            return
        if what == "revision":
            info = {"id": name, "sha": repository.commit, "tags": []}
            info["cardData"] = {"license": repository.licence, "configs": repository.configs}
            self._json(info | {"siblings": [{"rfilename": path} for path in repository.files]})
            return
        folder = "/".join(more[1:])
        entries = [
            self._entry(repository, path)
            for path in sorted(repository.files)
            if not folder or path.startswith(f"{folder}/")
        ]
        if not entries:
            self._refuse((404, "EntryNotFound"))
            return
        at = int(query.get("cursor", ["0"])[0])
        headers = {}
        if at + PAGE < len(entries):
            rest = quote(f"/api/datasets/{name}/{what}/{'/'.join(more)}")
            headers["Link"] = f'<{self.server.url}{rest}?recursive=true&cursor={at + PAGE}>; rel="next"'
        self._json(entries[at : at + PAGE], headers=headers)

    def _entry(self, repository: Repository, path: str) -> dict[str, object]:
        data = repository.files[path]
        entry = {"type": "file", "path": path, "size": len(data), "oid": git_digest(data)}
        if path in repository.large:
            entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return entry

    def _resolve(self, name: str, revision: str, path: str) -> None:
        repository = self._repository(name, revision)
        if repository is None:
            return
        if self.server.too_many:
            limit = f'"resolvers";r=0;t={self.server.too_many.pop()}'
            self._json({}, 429, {"RateLimit": limit, "RateLimit-Policy": '"fixed window";"resolvers";q=3000;w=300'})
            return
        if repository.files_refused:
            self._refuse(repository.files_refused)
            return
        data = repository.files[path]
        headers = {"X-Repo-Commit": repository.commit}
        if path not in repository.large:
            self._file(data, {**headers, "ETag": f'"{git_digest(data)}"'})
            return
        elsewhere = f"http://localhost:{self.server.server_port}/cdn/{quote(name)}/{quote(path)}"
        headers |= {"X-Linked-Size": str(len(data)), "X-Linked-ETag": f'"{hashlib.sha256(data).hexdigest()}"'}
        self._answer(302, b"", {**headers, "Location": elsewhere})

    def _file(self, data: bytes, headers: dict[str, str] | None = None) -> None:
        start = int(self.headers["Range"].removeprefix("bytes=").split("-")[0]) if "Range" in self.headers else 0
        headers = dict(headers or {}) | {"Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        cut = self.server.cuts.pop(self.path, None) if self.command == "GET" else None
        self._answer(206 if start else 200, data[start:], headers, cut)

    def _refuse(self, answer: tuple[int, str]) -> None:
        status, code = answer
        self._json({"error": code}, status, {"X-Error-Code": code} if code else {})

    def _json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _answer(self, status: int, body: bytes, headers: dict[str, str], cut: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass

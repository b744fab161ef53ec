"""A real HTTP server on the loopback interface, and small datasets for the tests to fetch."""

import contextlib
import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from encore.datasets.catalogue import Dataset, File


@dataclass
class Page:
    """One file on the server and how it misbehaves."""

    content: bytes
    content_type: str = "application/octet-stream"
    etag: str | None = None
    last_modified: str | None = None
    ranges: bool = True  # whether it honours Range
    announced: bool = True  # whether it says how long the file is
    wrong_start: int = 0  # by how much its answer to Range starts too late
    cuts: list[int] = field(default_factory=list)  # the n-th answer ends after so many bytes
    pieces: tuple[int, float] = (0, 0.0)  # it comes in pieces of so many bytes, with a pause after each
    moved_to: str = ""  # it is somewhere else


@dataclass
class Mirror:
    """The server as the tests see it."""

    url: str
    pages: dict[str, Page]
    requests: list[dict[str, str]]  # of each request: its path and what it asked for

    def ranges_asked(self) -> list[str | None]:
        return [request.get("Range") for request in self.requests]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.requests.append({"path": self.path, **self.headers})
        page = self.server.pages.get(self.path)
        if page is None:
            self.send_error(404, "Not Found")
            return
        if page.moved_to:
            self.send_response(302)
            self.send_header("Location", page.moved_to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = self._start(page)
        if start and start >= len(page.content):
            self.send_error(416, "Range Not Satisfiable")
            return
        body = page.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", page.content_type)
        if start:
            last = len(page.content) - 1
            self.send_header("Content-Range", f"bytes {start + page.wrong_start}-{last}/{len(page.content)}")
        if page.announced:
            self.send_header("Content-Length", str(len(body)))
        if page.etag:
            self.send_header("ETag", page.etag)
        if page.last_modified:
            self.send_header("Last-Modified", page.last_modified)
        self.end_headers()
        body = body[: page.cuts.pop(0)] if page.cuts else body
        size, pause = page.pieces
        with contextlib.suppress(ConnectionError):  # nobody listens any more
            for begin in range(0, len(body), size or len(body) or 1):
                self.wfile.write(body[begin : begin + (size or len(body))])
                time.sleep(pause)

    def _start(self, page: Page) -> int:
        """The first byte to send: that of Range, unless If-Range names another version of the file."""
        asked, condition = self.headers.get("Range"), self.headers.get("If-Range")
        if not page.ranges or asked is None or condition not in (None, page.etag, page.last_modified):
            return 0
        return int(asked.removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A server; `mirror.pages["/name"] = page(...)` puts a file onto it."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.pages, server.requests = {}, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Mirror(f"http://127.0.0.1:{server.server_port}", server.pages, server.requests)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page() -> type[Page]:
    return Page


@pytest.fixture
def dead_url() -> str:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/data.bin"


@pytest.fixture
def content() -> bytes:
    """320,000 bytes that repeat nowhere, so that a piece in the wrong place shows."""
    return b"".join(hashlib.sha256(i.to_bytes(4, "big")).digest() for i in range(10_000))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """toy(file, ...) makes the catalogue hold one dataset, named toy, of these files."""

    def register(*files: File) -> None:
        entry = Dataset(
            name="toy",
            title="Toy",
            classes=("a", "b"),
            counts={"train": 1, "test": 1},
            shape=(1, 1, 1),
            reader="idx",
            licence="none stated",
            homepage="http://127.0.0.1/",
            files=files,
        )
        monkeypatch.setattr("encore.datasets.download.dataset", {"toy": entry}.__getitem__)

    return register


@pytest.fixture
def real_data_dir() -> Path:
    """The folder with the real files; tests that need it are skipped where there is none."""
    folder = os.environ.get("ENCORE_DATA_DIR")
    if not folder:
        pytest.skip("ENCORE_DATA_DIR is not set: it names a folder with the real datasets")
    return Path(folder)

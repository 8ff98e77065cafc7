"""A small object store on loopback that speaks as much of S3 as reading needs: objects out of a folder, by the real client of pyarrow.

A bucket named "closed" refuses everybody. `asked` holds every request line that came, `unsigned` those without a signature.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class ObjectServer:
    """Buckets are the folders inside `root`; `options` belongs behind an address."""

    def __init__(self, root: Path) -> None:
        self.asked: list[str] = []
        self.unsigned: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, root))
        self.endpoint = f"127.0.0.1:{self._server.server_address[1]}"
        self.options = f"?endpoint_override={self.endpoint}&scheme=http&region=us-east-1"

    def run(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def serving_objects(root: Path) -> Iterator[ObjectServer]:
    """A running store."""
    server = ObjectServer(root)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


def _handler(server: ObjectServer, root: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            server.asked.append(f"{self.command} {self.path}")
            if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
                server.unsigned.append(self.path)
            parts = urlsplit(self.path)
            bucket, _, key = unquote(parts.path).strip("/").partition("/")
            if bucket == "closed":
                return self._answer(403, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
            if not key and "list-type" in parts.query:
                return self._answer(200, _listing(root / bucket, parse_qs(parts.query)))
            file = root / bucket / key
            if key and file.is_file() and not parts.path.endswith("/"):
                return self._part(file.read_bytes())
            return self._answer(200 if not key and file.is_dir() else 404, b"")

        def _part(self, data: bytes) -> None:
            first, last = 0, len(data) - 1
            if wanted := self.headers.get("Range"):
                begin, _, end = wanted.removeprefix("bytes=").partition("-")
                first, last = int(begin), min(int(end or last), last)
            total = len(data)
            self._answer(
                206 if wanted else 200, data[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{total}"}
            )

        def _answer(self, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {
                "Content-Length": str(len(body)),
                "Content-Type": "application/xml",
                **(more or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    return Handler


def _listing(bucket: Path, query: dict[str, list[str]]) -> bytes:
    """ListObjectsV2 of all keys under a prefix, on one page."""
    prefix, most = query.get("prefix", [""])[0], int(query.get("max-keys", ["1000"])[0])
    keys = sorted(path.relative_to(bucket).as_posix() for path in bucket.rglob("*") if path.is_file())
    found = [key for key in keys if key.startswith(prefix)][:most]
    inside = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{(bucket / key).stat().st_size}</Size>"
        "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
        for key in found
    )
    return (
        f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket.name}</Name>'
        f"<Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount><MaxKeys>{most}</MaxKeys>"
        f"<IsTruncated>false</IsTruncated>{inside}</ListBucketResult>"
    ).encode()

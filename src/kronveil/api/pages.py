"""The built console: hashed assets that may be kept for ever, and one page for every other path."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kronveil.api.problems import Refusal, answer

# Not asked of the machine, whose table differs from one to the next.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_COMPRESSED_ALREADY = frozenset({".png", ".woff2", ".ico"})
_KEEP_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Kronveil: no console here yet</title></head>
<body><h1>The console is not built</h1>
<p>The agent runs and its API answers under <a href="/api/v1/health">/api/v1</a>, but this installation carries no
built console.</p>
<p>In a checkout, <code>make setup</code> builds it; reload this page afterwards. An installed wheel carries it.</p>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    """A file in memory, as it is and compressed, until the one on disk changes."""

    mark: tuple[int, int]
    plain: bytes
    packed: bytes | None
    etag: str
    media_type: str


class Console:
    """An ASGI application that serves one folder and nothing outside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._files: dict[Path, _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a path with its file, or with the page that reads the path itself."""
        response = await self._respond(scope)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            return answer(
                scope, Refusal(405, "Pages are only read. Writes go to /api/v1.", headers={"Allow": "GET, HEAD"})
            )
        path = self._inside(scope["path"])
        is_asset = scope["path"].startswith("/assets/")
        file = None if path is None else await self._file(path)
        if file is None and is_asset:
            return answer(scope, Refusal(404, "This console has no such file; reload the page to get its newer parts."))
        if file is None:
            file = await self._file(self._folder / "index.html")
        if file is None:
            return Response(_NOT_BUILT, 503, {"Cache-Control": "no-store"}, "text/html")
        return _send_file(file, Headers(scope=scope), _KEEP_FOR_EVER if is_asset else _ASK_AGAIN)

    def _inside(self, asked: str) -> Path | None:
        try:
            path = (self._folder / asked.lstrip("/")).resolve()
        except (OSError, ValueError):
            return None
        return path if path.is_relative_to(self._folder) and path != self._folder else None

    async def _file(self, path: Path) -> _File | None:
        mark = _mark_of(path)
        if mark is None:
            return None
        known = self._files.get(path)
        if known is not None and known.mark == mark:
            return known
        read = await anyio.to_thread.run_sync(_read, path, mark)
        if read is not None:
            self._files[path] = read
        return read


def _mark_of(path: Path) -> tuple[int, int] | None:
    # What tells a rebuilt file from the one in memory.
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return None
    return stat.st_mtime_ns, stat.st_size


def _read(path: Path, mark: tuple[int, int]) -> _File | None:
    if not path.is_file():
        return None
    plain = path.read_bytes()
    suffix = path.suffix.lower()
    packed = None if suffix in _COMPRESSED_ALREADY else gzip.compress(plain, mtime=0)
    return _File(
        mark=mark,
        plain=plain,
        packed=packed if packed is not None and len(packed) < len(plain) else None,
        etag=f'"{hashlib.sha256(plain).hexdigest()[:32]}"',
        media_type=_TYPES.get(suffix, "application/octet-stream"),
    )


def _send_file(file: _File, asked: Headers, cache_control: str) -> Response:
    headers = {"Cache-Control": cache_control, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if file.etag in asked.get("if-none-match", ""):
        return Response(None, 304, headers)
    body = file.plain
    if file.packed is not None and _takes_gzip(asked.get("accept-encoding", "")):
        body = file.packed
        headers["Content-Encoding"] = "gzip"
    headers["Content-Type"] = file.media_type
    headers["Content-Length"] = str(len(body))
    return Response(body, 200, headers)


def _takes_gzip(accepted: str) -> bool:
    for offer in accepted.lower().split(","):
        coding, _, quality = offer.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False

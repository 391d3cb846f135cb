"""From the bytes of a list or a watch to decoded objects; what cannot be read is told apart by what it costs."""

from typing import Any

import msgspec

from kronveil.collectors.kubernetes.kinds import Kind
from kronveil.collectors.kubernetes.trouble import AnswerError, ExpiredError, GarbledError
from kronveil.collectors.kubernetes.wire import (
    Frame,
    Page,
    decode_any_page,
    decode_error_frame,
    decode_named_frame,
)

LONGEST_LINE = 32 * 1024 * 1024


class OddObjectError(Exception):
    """A whole frame about one object, but not as such an object is. It costs only itself."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


class Lines:
    """Whole lines out of chunks. Half a line at the end of a stream is no frame: it comes again with the next watch."""

    def __init__(self) -> None:
        self._rest = b""

    def of(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes. Raises GarbledError when a line does not end."""
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_LINE:
            raise GarbledError(f"a frame is longer than {LONGEST_LINE // 2**20} MiB")
        return [line for line in lines if line and not line.isspace()]


def read_page(kind: Kind, body: bytes) -> tuple[Page[Any], int]:
    """A page, and how many of its items cannot be read: those are left out. Raises GarbledError for no page at all."""
    try:
        return kind.decode_page(body), 0
    except msgspec.DecodeError:
        pass
    try:
        raw = decode_any_page(body)
    except msgspec.DecodeError:
        raise GarbledError(f"{kind.name}: the list cannot be read") from None
    items: list[Any] = []
    for item in raw.items or ():
        try:
            items.append(kind.decode_object(item))
        except msgspec.DecodeError:
            continue
    return Page(raw.metadata, items), len(raw.items or ()) - len(items)


def read_frame(kind: Kind, line: bytes) -> Frame[Any]:
    """A frame of the watch: ADDED, MODIFIED, DELETED or BOOKMARK.

    Raises ExpiredError or AnswerError for what the server says in an ERROR frame, OddObjectError for an object with a
    field of a wrong type, GarbledError for a damaged line.
    """
    try:
        frame = kind.decode_frame(line)
    except msgspec.DecodeError:
        raise _oddity(kind, line) from None
    if frame.type in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
        return frame
    raise _oddity(kind, line)


def _oddity(kind: Kind, line: bytes) -> Exception:
    try:
        frame = decode_error_frame(line)
    except msgspec.DecodeError:
        frame = None
    if frame is not None and frame.type == "ERROR":
        status = frame.object
        words = f"{status.reason or 'error'}: {status.message or 'no reason given'}"
        if status.code == 410 or status.reason in ("Expired", "Gone"):
            return ExpiredError(words)
        return AnswerError(f"{kind.name}: the API server ended the watch: {words}")
    try:
        return OddObjectError(decode_named_frame(line).object.metadata.resource_version)
    except msgspec.DecodeError:
        return GarbledError(f"{kind.name}: a frame of the watch cannot be read; listing again")

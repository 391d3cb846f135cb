"""From the bytes of a list or a watch to decoded objects; what cannot be read is told apart by what it costs."""

from typing import Any, TypeAlias

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

Line: TypeAlias = bytes | memoryview
"""One frame of a watch. A view of the chunk that it came with where it lies whole in one: copying costs as much as
half of decoding."""

LONGEST_LINE = 8 * 1024 * 1024
"""No object of Kubernetes is longer than 1.5 MiB in its store."""
_SPACE = 0x20


class OddObjectError(Exception):
    """A whole frame about one object, but not as such an object is. It costs only itself."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


class Lines:
    """Whole lines out of chunks. Half a line at the end of a stream is no frame: it comes again with the next watch.

    A line longer than ``LONGEST_LINE`` is left out and counted in ``left_out``; it is never held in memory whole.
    """

    def __init__(self) -> None:
        self.left_out = 0
        self._parts: list[Line] = []
        self._length = 0
        self._is_too_long = False

    def of(self, chunk: bytes) -> list[Line]:
        """The lines that this chunk completes; blank ones are none."""
        end = chunk.find(b"\n")
        if end < 0:
            self._add(chunk)
            return []
        view = memoryview(chunk)
        self._add(view[:end])
        lines = [self._end()]
        start = end + 1
        while (end := chunk.find(b"\n", start)) >= 0:
            lines.append(view[start:end])
            start = end + 1
        # Not a view: it would keep the whole chunk until the rest of the line comes.
        self._add(chunk[start:])
        return [line for line in lines if line and not (line[0] <= _SPACE and bytes(line).isspace())]

    def _add(self, part: Line) -> None:
        self._length += len(part)
        if self._length > LONGEST_LINE:
            self._is_too_long = True
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _end(self) -> Line:
        line: Line = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if self._is_too_long:
            self.left_out += 1
            line = b""
        self._parts.clear()
        self._length, self._is_too_long = 0, False
        return line


def read_page(kind: Kind, body: bytes, *, is_again: bool = False) -> tuple[Page[Any], int]:
    """A page, and how many of its items cannot be read: those are left out. Raises GarbledError for no page at all.

    Of a list that is read again there may be outlines: what cannot be read is then found when one is.
    """
    decode = (is_again and kind.decode_outlines) or kind.decode_page
    try:
        return decode(body), 0
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


def read_frame(kind: Kind, line: Line) -> Frame[Any]:
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


def _oddity(kind: Kind, line: Line) -> Exception:
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

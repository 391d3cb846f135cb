"""How an answer shows objects: whole, metadata only, or as the table that kubectl prints."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum

import msgspec

from kronveil.lab.kinds import NEW_EVENT, JsonObject, Kind
from kronveil.lab.server.events import as_new_event
from kronveil.lab.server.tables import table
from kronveil.lab.world import Record

CHUNK = 500


class View(Enum):
    """What the client asked for in its Accept header."""

    WHOLE = "whole"
    METADATA = "metadata"
    TABLE = "table"
    NEW_EVENT = "whole, an event in the form of events.k8s.io"

    @classmethod
    def asked_by(cls, accept: str) -> "View":
        """The first form in an Accept header that is served."""
        for item in accept.split(","):
            words = item.replace(" ", "").split(";")
            if "as=Table" in words and "v=v1" in words:
                return cls.TABLE
            if "as=PartialObjectMetadata" in words or "as=PartialObjectMetadataList" in words:
                return cls.METADATA
            if words[0] in ("application/json", "*/*"):
                return cls.WHOLE
        return cls.WHOLE

    def one(self, record: Record, now: datetime) -> bytes:
        """One object."""
        if self is View.TABLE:
            return msgspec.json.encode(table(record.kind, [record], {}, now))
        return self.encode(record)

    def encode(self, record: Record) -> bytes:
        """One object that is not to be a table."""
        if self is View.NEW_EVENT:
            return msgspec.json.encode(as_new_event(record.obj))
        return record.encoded_metadata() if self is View.METADATA else record.encoded()


def list_chunks(
    view: View, kind: Kind, records: Sequence[Record], metadata: JsonObject, now: datetime
) -> Iterator[bytes]:
    """A list's JSON in pieces, so that one of thousands is neither encoded nor sent at once."""
    if view is View.TABLE:
        yield msgspec.json.encode(table(kind, records, metadata, now))
        return
    name, version = f"{kind.name}List", kind.api_version
    if view is View.METADATA:
        name, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
    elif view is View.NEW_EVENT:
        version = NEW_EVENT.api_version
    head = msgspec.json.encode({"kind": name, "apiVersion": version, "metadata": metadata})
    yield head[:-1] + b',"items":['
    for start in range(0, len(records), CHUNK):
        part = records[start : start + CHUNK]
        items = b",".join([view.encode(item) for item in part])
        yield (b"," if start else b"") + items
    yield b"]}\n"

"""One cluster's objects: stored with versions, listed in order, and remembered change by change for watches.

Stored objects are never modified in place: a write stores a new one, so lists and watch frames may share them.
"""

import hashlib
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from kronveil.lab.kinds import NAMESPACE, NEW_EVENT, JsonObject, Kind, KindBook
from kronveil.lab.times import stamp

Key = tuple[str, str]
"""Namespace and name; the namespace of a cluster-wide object is empty."""

_encode = msgspec.json.Encoder().encode


class NotFoundError(LookupError):
    """No object has this key."""


class ExistsError(ValueError):
    """An object with this key is already stored."""


class ExpiredError(LookupError):
    """The asked-for version is older than what is remembered."""


def copy_json(value: JsonObject) -> JsonObject:
    """A deep copy of a JSON object, several times faster than ``copy.deepcopy``."""
    return {name: _copy(item) for name, item in value.items()}


def _copy(value: Any) -> Any:
    kind: object = value.__class__
    if kind is dict:
        return {name: _copy(item) for name, item in value.items()}
    if kind is list:
        return [_copy(item) for item in value]
    return value


class Record:
    """A stored object, with its version as a number and its encoding made once, when first needed."""

    __slots__ = ("_encoded", "_partial", "key", "kind", "obj", "version")

    def __init__(self, kind: Kind, key: Key, obj: JsonObject, version: int) -> None:
        self.kind = kind
        self.key = key
        self.obj = obj
        self.version = version
        self._encoded: bytes | None = None
        self._partial: bytes | None = None

    @property
    def uid(self) -> str:
        """The object's ``metadata.uid``."""
        return str(self.obj["metadata"]["uid"])

    def encoded(self) -> bytes:
        """The whole object as JSON."""
        if self._encoded is None:
            self._encoded = _encode(self.obj)
        return self._encoded

    def encoded_metadata(self) -> bytes:
        """The object as a ``PartialObjectMetadata``."""
        if self._partial is None:
            self._partial = _encode(
                {
                    "kind": "PartialObjectMetadata",
                    "apiVersion": "meta.k8s.io/v1",
                    "metadata": self.obj["metadata"],
                }
            )
        return self._partial


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log: ADDED, MODIFIED or DELETED, what is stored now and what was stored before."""

    type: str
    record: Record
    previous: Record | None


class Shelf:
    """All objects of one kind, and the log of what happened to them."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.records: dict[Key, Record] = {}
        self.log: deque[Change] = deque()
        self.dropped = 0
        """Log entries ever dropped; position ``dropped + i`` of the log is ``log[i]``."""
        self.dropped_version = 0
        """The newest version that the log no longer tells."""
        self.wakers: set[Callable[[], None]] = set()
        self._ordered: list[Record] | None = None

    def ordered(self) -> list[Record]:
        """The records by namespace and name. The list is shared: it is replaced, never changed, on a write."""
        if self._ordered is None:
            self._ordered = [self.records[key] for key in sorted(self.records)]
        return self._ordered

    def note(self, change: Change) -> None:
        """Remember a change and wake who waits for one."""
        self._ordered = None
        self.log.append(change)
        for wake in tuple(self.wakers):
            wake()

    def drop_log(self, keep: int) -> None:
        """Forget the log but for its newest ``keep`` entries."""
        while len(self.log) > keep:
            self.dropped_version = self.log.popleft().record.version
            self.dropped += 1

    def replace_all(self, records: dict[Key, Record], version: int) -> None:
        """Hold other records, and remember nothing of how they came to be."""
        self.records = records
        self._ordered = None
        self.drop_log(0)
        self.dropped_version = version

    @property
    def end(self) -> int:
        """The position after the last change."""
        return self.dropped + len(self.log)

    def position_after(self, version: int) -> int:
        """The log position of the first change newer than ``version``. Raises ExpiredError when it was dropped."""
        if version < self.dropped_version:
            raise ExpiredError(f"too old resource version: {version} ({self.dropped_version})")
        return self.dropped + bisect_left(self.log, version + 1, key=lambda change: change.record.version)

    def since(self, position: int) -> list[Change]:
        """The changes from a log position on. Raises ExpiredError when they were dropped."""
        if position < self.dropped:
            raise ExpiredError(f"too old resource version: the log begins at {self.dropped_version}")
        count = self.end - position
        return [self.log[index] for index in range(len(self.log) - count, len(self.log))]


@dataclass(frozen=True, slots=True)
class Backup:
    """The objects of a world at one version."""

    version: int
    records: dict[Kind, dict[Key, Record]]


class World:
    """The objects of one cluster. The same seed, name and calls give the same objects, versions and uids."""

    def __init__(self, name: str, *, region: str = "", seed: int = 1, now: datetime, log_limit: int = 5000) -> None:
        self.name = name
        self.region = region
        self.seed = seed
        self.now = now
        self.log_limit = log_limit
        self.speed = 1.0
        """How much faster than the clock things happen here; see Machinery."""
        # As a real store's versions do, these go on growing from one life of a cluster to the next: an agent that
        # has seen an object at a version may take another object at that version for the same report.
        self.version = int(now.timestamp()) * 100 + self.number("first-version") % 100
        self.first_version = self.version
        self.kinds = KindBook()
        self.shelves: dict[Kind, Shelf] = {}
        for kind in self.kinds:
            if kind is not NEW_EVENT:
                self._add_shelf(kind)
        self._births: dict[str, int] = {}
        self._listeners: list[Callable[[Change], None]] = []
        self._compactions: list[Callable[[], None]] = []

    def number(self, *about: object) -> int:
        """A 64-bit number that depends only on the seed, the cluster's name and ``about``."""
        text = "/".join(map(str, (self.seed, self.name, *about)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")

    def fraction(self, *about: object) -> float:
        """Like ``number``, from 0 up to 1."""
        return (self.number(*about) >> 11) / (1 << 53)

    def add_kind(self, kind: Kind) -> None:
        """Serve one more kind, as a custom resource definition does. Adding it again changes nothing."""
        if kind not in self.shelves:
            self.kinds.add(kind)
            self._add_shelf(kind)

    def _add_shelf(self, kind: Kind) -> None:
        self.shelves[kind] = Shelf(kind)
        self.shelves[kind].dropped_version = self.version

    def on_change(self, listener: Callable[[Change], None]) -> None:
        """Call ``listener`` with each change, as it is made."""
        self._listeners.append(listener)

    def on_compaction(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when old versions are forgotten."""
        self._compactions.append(listener)

    def find(self, kind: Kind, key: Key) -> Record | None:
        """The stored object, if there is one."""
        return self.shelves[kind].records.get(key)

    def get(self, kind: Kind, key: Key) -> Record:
        """The stored object. Raises NotFoundError."""
        record = self.find(kind, key)
        if record is None:
            raise NotFoundError(f"{kind.plural} {'/'.join(filter(None, key))} not found")
        return record

    def list(self, kind: Kind, namespace: str = "") -> list[Record]:
        """The records of a kind in order, of one namespace or of all."""
        ordered = self.shelves[kind].ordered()
        if not namespace:
            return ordered
        start = bisect_left(ordered, (namespace, ""), key=lambda record: record.key)
        end = bisect_left(ordered, (namespace + "\0", ""), key=lambda record: record.key)
        return ordered[start:end]

    def create(self, kind: Kind, obj: JsonObject) -> Record:
        """Store a new object, which the world now owns; uid and creation time are given here. Raises ExistsError."""
        metadata = obj["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        if key in self.shelves[kind].records:
            raise ExistsError(f'{kind.plural} "{metadata["name"]}" already exists')
        stored = {"kind": kind.name, "apiVersion": kind.api_version, **obj}
        stored["metadata"] = {
            **metadata,
            "uid": self._new_uid(kind, key),
            "creationTimestamp": stamp(self.now),
        }
        return self._store(kind, key, stored, "ADDED", None)

    def update(self, kind: Kind, key: Key, change: Callable[[JsonObject], None]) -> Record:
        """Apply ``change`` to a copy and store it; a copy left equal is not a write. Raises NotFoundError."""
        record = self.get(kind, key)
        obj = copy_json(record.obj)
        change(obj)
        return self.replace(kind, key, obj)

    def update_status(self, kind: Kind, key: Key, change: Callable[[JsonObject], None]) -> Record:
        """Like ``update``, several times cheaper: only ``status`` is a copy to change in place; else, replace parts."""
        record = self.get(kind, key)
        obj = {**record.obj, "metadata": dict(record.obj["metadata"])}
        if "status" in obj:
            obj["status"] = copy_json(obj["status"])
        change(obj)
        return self.replace(kind, key, obj)

    def replace(self, kind: Kind, key: Key, obj: JsonObject) -> Record:
        """Store ``obj`` in place of what is there; an equal object is not a write. Raises NotFoundError."""
        record = self.get(kind, key)
        if obj == record.obj:
            return record
        return self._store(kind, key, obj, "MODIFIED", record)

    def remove(self, kind: Kind, key: Key) -> Record:
        """Take the object away and answer its last state, at the version of its deletion. Raises NotFoundError."""
        previous = self.get(kind, key)
        self.version += 1
        last = {**previous.obj, "metadata": {**previous.obj["metadata"], "resourceVersion": str(self.version)}}
        record = Record(kind, key, last, self.version)
        del self.shelves[kind].records[key]
        self._note(Change("DELETED", record, previous))
        return record

    def compact(self) -> None:
        """Forget every change so far: older versions can be neither watched nor paged on."""
        for shelf in self.shelves.values():
            shelf.drop_log(0)
            shelf.dropped_version = self.version
        for listener in self._compactions:
            listener()

    def backup(self) -> "Backup":
        """Everything as it is now, to be restored later."""
        return Backup(self.version, {kind: dict(shelf.records) for kind, shelf in self.shelves.items()})

    def restore(self, backup: "Backup") -> None:
        """Be as when the backup was made, versions too: what came after never happened. Who watches is not told."""
        self.version = backup.version
        told: list[Change] = []
        for kind, shelf in self.shelves.items():
            before, after = shelf.records, dict(backup.records.get(kind, {}))
            shelf.replace_all(after, self.version)
            gone = [Change("DELETED", record, record) for key, record in before.items() if key not in after]
            came = [Change("ADDED", record, None) for key, record in after.items() if key not in before]
            changed = [
                Change("MODIFIED", record, before[key])
                for key, record in after.items()
                if key in before and before[key] is not record
            ]
            told += [*gone, *came, *changed]
        for forgotten in self._compactions:
            forgotten()
        for change in told:
            for listener in self._listeners:
                listener(change)

    def changes(self) -> Iterator[Change]:
        """Every remembered change of every kind, oldest first."""
        everything = [change for shelf in self.shelves.values() for change in shelf.log]
        return iter(sorted(everything, key=lambda change: change.record.version))

    def _new_uid(self, kind: Kind, key: Key) -> str:
        name = f"{kind.plural}/{key[0]}/{key[1]}"
        if kind is NAMESPACE and key[1] == "kube-system":
            name = "cluster"
        births = self._births[name] = self._births.get(name, 0) + 1
        about = f"{self.seed}/{self.name}/{name}/{births if name != 'cluster' else 1}"
        return str(UUID(bytes=hashlib.sha256(about.encode()).digest()[:16], version=4))

    def _store(self, kind: Kind, key: Key, obj: JsonObject, change: str, previous: Record | None) -> Record:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        record = Record(kind, key, obj, self.version)
        self.shelves[kind].records[key] = record
        self._note(Change(change, record, previous))
        return record

    def _note(self, change: Change) -> None:
        shelf = self.shelves[change.record.kind]
        shelf.note(change)
        # In slices, so that the oldest entry is not looked for at each write.
        if len(shelf.log) > self.log_limit * 2:
            shelf.drop_log(self.log_limit)
        for listener in self._listeners:
            listener(change)

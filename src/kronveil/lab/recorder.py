"""Kubernetes events as the cluster's components record them: one object for each repeated message, with a count."""

from datetime import timedelta

from kronveil.lab.kinds import EVENT, JsonObject
from kronveil.lab.timers import Timers
from kronveil.lab.times import stamp
from kronveil.lab.world import Key, Record, World

EVENT_LIFE = timedelta(hours=1)


class Recorder:
    """Writes events into a world; a repeat within an event's life raises its count, as in a real cluster."""

    def __init__(self, world: World, timers: Timers) -> None:
        self._world = world
        self._timers = timers
        self._known: dict[tuple[str, ...], Key] = {}
        self._serial = 0
        self.is_silent = False
        """Whether nothing is recorded: in a past that nobody can ask about any more."""

    def record(  # noqa: PLR0913 - the fields of an event
        self,
        about: Record,
        reason: str,
        message: str,
        *,
        source: str,
        host: str = "",
        warning: bool = False,
        field_path: str = "",
    ) -> None:
        """Record that something happened to ``about``."""
        if self.is_silent:
            return
        same = (about.uid, reason, message, field_path)
        key = self._known.get(same)
        if key is not None and self._world.find(EVENT, key) is not None:
            self._world.update(EVENT, key, self._count_up)
        else:
            event = self._new(about, reason, message, field_path)
            event["type"] = "Warning" if warning else "Normal"
            event["source"] = {"component": source, **({"host": host} if host else {})}
            event["reportingComponent"] = source
            event["reportingInstance"] = host
            key = self._world.create(EVENT, event).key
            self._known[same] = key
        self._timers.set(("event", key), self._world.now + EVENT_LIFE, lambda: self._expire(same, key))

    def _count_up(self, event: JsonObject) -> None:
        event["count"] += 1
        event["lastTimestamp"] = stamp(self._world.now)

    def _expire(self, same: tuple[str, ...], key: Key) -> None:
        self._known.pop(same, None)
        if self._world.find(EVENT, key) is not None:
            self._world.remove(EVENT, key)

    def _new(self, about: Record, reason: str, message: str, field_path: str) -> JsonObject:
        self._serial += 1
        metadata = about.obj["metadata"]
        now = stamp(self._world.now)
        suffix = f"{self._world.number('event', about.uid, self._serial):016x}"
        involved = {
            "kind": about.kind.name,
            "namespace": metadata.get("namespace"),
            "name": metadata["name"],
            "uid": metadata["uid"],
            "apiVersion": about.kind.api_version,
            "resourceVersion": metadata["resourceVersion"],
            "fieldPath": field_path or None,
        }
        return {
            "metadata": {"name": f"{metadata['name']}.{suffix}", "namespace": metadata.get("namespace") or "default"},
            "involvedObject": {name: value for name, value in involved.items() if value},
            "reason": reason,
            "message": message,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "eventTime": None,
        }

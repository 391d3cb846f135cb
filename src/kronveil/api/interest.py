"""What one client of the stream wants to hear, as it said in a ``subscribe`` frame."""

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

import msgspec

from kronveil.agent.live import Frame
from kronveil.model.change import Change
from kronveil.model.event import Event, Severity
from kronveil.model.execution import Execution
from kronveil.model.incident import Incident

Topic: TypeAlias = Literal["event", "anomaly", "incident", "execution", "cluster", "change"]
LONGEST_CLIENT_FRAME = 64 * 1024


class Filter(msgspec.Struct, forbid_unknown_fields=True):
    """Each may be one value or several. What has no severity (a cluster, a change) or no kind (a cluster) is not held
    back by that."""

    cluster: str | list[str] | None = None
    severity: Severity | list[Severity] | None = None
    kind: str | list[str] | None = None


class Subscribe(msgspec.Struct, tag="subscribe", forbid_unknown_fields=True):
    """Replaces what was asked for before; what is left out is not narrowed."""

    topics: list[Topic] | None = None
    filter: Filter | None = None


class Pong(msgspec.Struct, tag="pong"):
    """The answer to a ping."""


ClientFrame: TypeAlias = Subscribe | Pong
_reader: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)


def read_client_frame(text: str | bytes) -> ClientFrame:
    """What a client sent. ValueError with words for its author when it is nothing we know."""
    if len(text) > LONGEST_CLIENT_FRAME:
        raise ValueError(f"A client frame may have at most {LONGEST_CLIENT_FRAME} bytes.")
    try:
        return _reader.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        known = '{"type": "subscribe", "topics": [...], "filter": {...}} and {"type": "pong"}'
        raise ValueError(f"This frame was ignored: {error}. Frames that are understood: {known}.") from None


@dataclass(frozen=True, slots=True)
class Interest:
    """None in a field means everything."""

    topics: frozenset[str] | None = None
    clusters: frozenset[str] | None = None
    severities: frozenset[str] | None = None
    kinds: frozenset[str] | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is held back, so that all such clients get the same bytes."""
        return all(getattr(self, field.name) is None for field in fields(self))

    def wants(self, frame: Frame) -> bool:
        """Whether this frame is for the client."""
        if self.topics is not None and frame.topic not in self.topics:
            return False
        item = frame.item
        if isinstance(item, Event):
            return self._wants(item.origin.cluster_name, item.severity, item.kind)
        if isinstance(item, Incident):
            return any(
                self._wants(cluster.name, item.severity, item.kind) for cluster in item.clusters or (item.cluster,)
            )
        if isinstance(item, Change):
            return self._wants(item.origin.cluster_name, None, item.kind)
        if isinstance(item, Execution):
            return self.clusters is None or not self.clusters.isdisjoint(item.cluster_names)
        return self.clusters is None or item.name in self.clusters

    def _wants(self, cluster: str, severity: Severity | None, kind: str) -> bool:
        return (
            (self.clusters is None or cluster in self.clusters)
            and (self.severities is None or severity is None or severity in self.severities)
            and (self.kinds is None or kind in self.kinds)
        )


EVERYTHING = Interest()


def interest_of(asked: Subscribe) -> Interest:
    """The interest that a ``subscribe`` frame states."""
    narrowed = asked.filter or Filter()
    return Interest(
        topics=None if asked.topics is None else frozenset(asked.topics),
        clusters=_several(narrowed.cluster),
        severities=_several(narrowed.severity),
        kinds=_several(narrowed.kind),
    )


def _several(given: str | list[str] | list[Severity] | None) -> frozenset[str] | None:
    if given is None:
        return None
    return frozenset([given] if isinstance(given, str) else given)

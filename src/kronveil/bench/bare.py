# ruff: noqa: D101 - the parts of a pod that any watcher would read
"""The reference for everything that reads watch frames: msgspec, typed, fifteen fields, and nothing done with them."""

from collections.abc import Sequence

import msgspec


class Terminated(msgspec.Struct, gc=False, rename="camel"):
    reason: str | None = None
    exit_code: int = 0
    finished_at: str | None = None


class Waiting(msgspec.Struct, gc=False):
    reason: str | None = None


class State(msgspec.Struct, gc=False):
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(msgspec.Struct, gc=False, rename="camel"):
    name: str
    ready: bool = False
    restart_count: int = 0
    state: State | None = None
    last_state: State | None = None


class Condition(msgspec.Struct, gc=False):
    type: str
    status: str


class Metadata(msgspec.Struct, gc=False, rename="camel"):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""


class Spec(msgspec.Struct, gc=False, rename="camel"):
    node_name: str | None = None


class Status(msgspec.Struct, gc=False, rename="camel"):
    phase: str | None = None
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(msgspec.Struct, gc=False):
    metadata: Metadata
    spec: Spec
    status: Status


class Frame(msgspec.Struct, gc=False):
    type: str
    object: Pod


_decode = msgspec.json.Decoder(Frame).decode


def decode_all(lines: Sequence[bytes]) -> int:
    """Decode each line and let go of it; how many there were."""
    for line in lines:
        _decode(line)
    return len(lines)

"""The frames of the live stream as the schema publishes them. Numbered ones carry what the agent encoded already."""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, RootModel

from kronveil.api.run_shapes import Execution
from kronveil.api.shape import shape
from kronveil.api.shapes import Change, Cluster, Event, Incident, Snapshot, Status, Timestamp

Seq = Annotated[int, Field(description="The frame's number; numbers have no holes in the stream.")]
Prev = Annotated[
    int, Field(description="The number last sent to this client. With a filter, those between were not for it.")
]


@shape
class Hello:
    """The first frame. Without a snapshot every frame after `seq` follows; with one, it is the whole truth at `seq`."""

    type: Literal["hello"]
    seq: int
    epoch: Annotated[str, Field(description="Names this run of the agent; numbers of another run mean nothing here.")]
    at: Timestamp
    snapshot: Snapshot | None


@shape
class EventFrame:
    """An event that is stored now."""

    type: Literal["event"]
    seq: Seq
    prev: Prev
    at: Timestamp
    data: Event


@shape
class IncidentFrame:
    """An incident as it is now."""

    type: Literal["incident"]
    seq: Seq
    prev: Prev
    at: Timestamp
    data: Incident


@shape
class ClusterFrame:
    """A cluster whose state changed."""

    type: Literal["cluster"]
    seq: Seq
    prev: Prev
    at: Timestamp
    data: Cluster


@shape
class ChangeFrame:
    """A change that is stored now. No incident suspects it yet; one that does, says so itself."""

    type: Literal["change"]
    seq: Seq
    prev: Prev
    at: Timestamp
    data: Change


@shape
class ExecutionFrame:
    """A run of a runbook as it is now."""

    type: Literal["execution"]
    seq: Seq
    prev: Prev
    at: Timestamp
    data: Execution


@shape
class StatusFrame:
    """Every two seconds, whatever happens; it uses no number, `seq` is the newest one given."""

    type: Literal["status"]
    seq: int
    at: Timestamp
    data: Status


@shape
class Ping:
    """Answer it with `{"type": "pong"}`."""

    type: Literal["ping"]


@shape
class Gap:
    """The frames asked for are no longer kept; a full `hello` follows."""

    type: Literal["gap"]
    from_: Annotated[int, Field(alias="from", description="The first number that cannot be replayed.")]
    to: Annotated[int, Field(description="The number of the `hello` that follows.")]


@shape
class ClientError:
    """What the client sent was not understood and changed nothing."""

    type: Literal["error"]
    detail: str


SingleFrame: TypeAlias = Annotated[
    Hello
    | EventFrame
    | IncidentFrame
    | ClusterFrame
    | ChangeFrame
    | ExecutionFrame
    | StatusFrame
    | Ping
    | Gap
    | ClientError,
    Field(discriminator="type"),
]


@shape
class Batch:
    """Several frames in one message, for clients that asked with `batch=1`."""

    type: Literal["batch"]
    frames: list[SingleFrame]


_Frames: TypeAlias = Annotated[
    Hello
    | EventFrame
    | IncidentFrame
    | ClusterFrame
    | ChangeFrame
    | ExecutionFrame
    | StatusFrame
    | Ping
    | Gap
    | ClientError
    | Batch,
    Field(discriminator="type"),
]


class AnyFrame(RootModel[_Frames]):
    """Any of them; never made. Put into words only when somebody asks for the schema."""

    model_config = ConfigDict(defer_build=True)


FRAME_KINDS = (
    Hello,
    EventFrame,
    IncidentFrame,
    ClusterFrame,
    ChangeFrame,
    ExecutionFrame,
    StatusFrame,
    Ping,
    Gap,
    ClientError,
    Batch,
)

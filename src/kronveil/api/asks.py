"""What the API accepts: query parameters and bodies. Unknown names are errors that say so."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from kronveil.api.roles import Role
from kronveil.model.event import Severity
from kronveil.model.incident import IncidentStatus

Cursor = Annotated[
    str | None, Field(max_length=500, description="`next_cursor` of an earlier page, asked with the same filters.")
]
Limit = Annotated[int, Field(ge=1, le=500, description="How many at most.")]
Name = Annotated[str | None, Field(min_length=1, max_length=253)]
Words = Annotated[str | None, Field(min_length=1, max_length=200)]


def split_commas(given: object) -> object:
    """Accept `a,b` as well as `a` and `b` given apart."""
    if not isinstance(given, list):
        return given
    items = cast("Sequence[Any]", given)
    return [part.strip() for each in items for part in (each.split(",") if isinstance(each, str) else [each])]


class Page(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: Cursor = None
    limit: Limit = 100


class EventFilter(Page):
    """Which events."""

    since: Annotated[AwareDatetime | None, Field(description="Only those that happened at or after this time.")] = None
    cluster: Name = None
    kind: Name = None
    severity: Severity | None = None


class IncidentFilter(Page):
    """Which incidents. Lists may be repeated parameters or comma separated."""

    status: Annotated[list[IncidentStatus], BeforeValidator(split_commas)] = []
    severity: Annotated[list[Severity], BeforeValidator(split_commas)] = []
    cluster: Name = None
    q: Annotated[Words, Field(description="Found in title, id, kind, cluster, or name and namespace.")] = None
    facets: Annotated[bool, Field(description="Count, too, what each filter would show.")] = False


class OverviewSpan(BaseModel):
    """Of which time an overview tells."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[
        AwareDatetime | None, Field(description="When the person looked last; without it, where the window begins.")
    ] = None
    window_s: Annotated[int, Field(ge=60, le=604_800, description="How far back the lanes reach.")] = 21_600


class WorkloadFilter(Page):
    """Which workloads."""

    cluster: Name = None
    namespace: Name = None
    kind: Name = None
    q: Annotated[Words, Field(description="Found in name, namespace, kind or reason.")] = None


class PodFilter(Page):
    """Which pods."""

    cluster: Name = None
    namespace: Name = None
    node: Name = None
    owner: Annotated[Name, Field(description="Name of the top controller.")] = None
    q: Annotated[Words, Field(description="Found in name, namespace, node, owner or reason.")] = None


class SignalFilter(BaseModel):
    """Which signals."""

    model_config = ConfigDict(extra="forbid")

    cluster: Name = None


class SeriesFilter(BaseModel):
    """Which series, and what of them."""

    model_config = ConfigDict(extra="forbid")

    signal: Annotated[
        list[str],
        BeforeValidator(split_commas),
        Field(description="Names of signals, repeated or comma separated; none: all."),
    ] = []
    cluster: Name = None
    namespace: Name = None
    kind: Literal["Pod", "Container", "Node"] | None = None
    name: Annotated[Name, Field(description="Of the pod or node; may end in `*`.")] = None
    container: Name = None
    owner: Annotated[Name, Field(description="Name of the pod's top controller; may end in `*`.")] = None
    owner_kind: Annotated[Name, Field(description="Its kind, as Deployment.")] = None
    node: Annotated[Name, Field(description="The node that the pod runs on.")] = None
    since: Annotated[AwareDatetime | None, Field(description="Without it, an hour before `until`.")] = None
    until: Annotated[AwareDatetime | None, Field(description="Without it, now.")] = None
    points: Annotated[bool, Field(description="False: only which series there are, each with its newest value.")] = True
    max_points: Annotated[int, Field(ge=1, le=2000, description="For each series; more are gathered in buckets.")] = 300
    cursor: Cursor = None
    limit: Annotated[int, Field(ge=1, le=100, description="How many series at most.")] = 20


class ChangeFilter(Page):
    """Which changes."""

    around: Annotated[AwareDatetime | None, Field(description="Only those near this time, to both sides.")] = None
    window_s: Annotated[int | None, Field(ge=1, le=604_800, description="How near; without it an hour.")] = None
    cluster: Name = None
    kind: Name = None
    target: Annotated[Name, Field(description="What was changed: a name, or namespace/name.")] = None


class Resolution(BaseModel):
    """Why a person calls an incident over."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Reopening(Resolution):
    """Why a person calls it not over."""


class Assignment(BaseModel):
    """Whose it is to work on."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    to: Annotated[str | None, Field(max_length=200, description="A person; null or empty: nobody's.")]


class Note(BaseModel):
    """A person's words."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    text: Annotated[str, Field(min_length=1, max_length=10_000)]


class Pin(BaseModel):
    """A stored event to take for evidence."""

    model_config = ConfigDict(extra="forbid")

    event_id: Annotated[str, Field(min_length=1, max_length=200)]


class Merge(BaseModel):
    """Which incidents to put under this one."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=100)]


Pattern = Annotated[str, Field(max_length=253, description="May end in `*`; empty: any.")]


class NewSilence(BaseModel):
    """What to hush, from when until when, and why. At least one of the four patterns is needed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    ends_at: AwareDatetime
    starts_at: Annotated[AwareDatetime | None, Field(description="Null: now.")] = None
    cluster: Pattern = ""
    namespace: Pattern = ""
    owner: Pattern = ""
    kind: Pattern = ""
    maintenance: Annotated[bool, Field(description="Planned work, not noise.")] = False


class SilencePreview(BaseModel):
    """What a silence would match."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    cluster: Pattern = ""
    namespace: Pattern = ""
    owner: Pattern = ""
    kind: Pattern = ""


class SilenceFilter(BaseModel):
    """Which silences."""

    model_config = ConfigDict(extra="forbid")

    ended: Annotated[bool, Field(description="Those that have ended, too.")] = False


class NewToken(BaseModel):
    """A token to make."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    name: Annotated[
        str | None,
        Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$", description="Who will use it; without one, role and id."),
    ] = None
    expires_s: Annotated[
        int | None, Field(ge=1, le=315_360_000, description="How long it lives; null: until it is revoked.")
    ] = None


class NewCluster(BaseModel):
    """A cluster to watch from now on; as in the configuration, whose paths are those of the agent's machine."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=r"^[^\s/?#%\\\x00-\x1f\x7f]{1,200}$", description="No spaces, no slashes.")]
    kubeconfig_path: Annotated[str | None, Field(min_length=1, max_length=4096)] = None
    context: Annotated[str | None, Field(min_length=1, max_length=253)] = None
    region: Annotated[str | None, Field(min_length=1, max_length=63)] = None
    namespaces: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]],
        Field(max_length=1000, description="None given: all of them."),
    ] = []


class Pause(BaseModel):
    """Why a cluster is to be left alone for a while."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class ExecutionFilter(Page):
    """Which runs."""

    incident_id: Name = None
    runbook_id: Name = None


class NewExecution(BaseModel):
    """For which incident, and whether it may act once it is approved."""

    model_config = ConfigDict(extra="forbid")

    incident_id: Annotated[str, Field(min_length=1, max_length=100)]
    mode: Literal["rehearse", "live"] = "rehearse"
    parameters: Annotated[
        dict[str, str | bool | int | float | None],
        Field(max_length=100, description="The runbook's inputs, as its page lists them; null or absent: the default."),
    ] = {}


class Signature(BaseModel):
    """Which plan is approved, and why."""

    model_config = ConfigDict(extra="forbid")

    plan_hash: Annotated[str, Field(min_length=64, max_length=64, description="The `hash` of the plan you looked at.")]
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class Refusing(BaseModel):
    """Why not."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class Edit(BaseModel):
    """Which inputs it is to have instead, and why."""

    model_config = ConfigDict(extra="forbid")

    parameters: Annotated[
        dict[str, str | bool | int | float | None],
        Field(max_length=100, description="All of the inputs: what is absent or null has its default."),
    ]
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class Answer(BaseModel):
    """The answer to what a step asks."""

    model_config = ConfigDict(extra="forbid")

    step: Annotated[int, Field(ge=0, le=10_000, description="The `step` of the run's `question`.")]
    answer: Literal["continue", "stop"]
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class Stopping(BaseModel):
    """When to stop."""

    model_config = ConfigDict(extra="forbid")

    after_step: bool = True


class Nothing(BaseModel):
    """A body without content: `{}`, or none at all."""

    model_config = ConfigDict(extra="forbid")


class AuditFilter(Page):
    """Which deeds."""

    actor: Name = None
    act: Annotated[Name, Field(description="As `execution.approved`, or the noun alone: `execution`.")] = None
    target: Name = None
    since: Annotated[AwareDatetime | None, Field(description="Only those at or after this time.")] = None
    until: Annotated[AwareDatetime | None, Field(description="Only those before this time.")] = None


class AuditPlace(BaseModel):
    """A place of the chain that was noted down earlier, through which it must still pass."""

    model_config = ConfigDict(extra="forbid")

    seq: Annotated[int | None, Field(ge=1, le=2**53, description="`last_seq` of an earlier check.")] = None
    hash: Annotated[str | None, Field(pattern="^[0-9a-f]{64}$", description="Its `last_hash`.")] = None


class ExportStart(BaseModel):
    """Where an export goes on."""

    model_config = ConfigDict(extra="forbid")

    from_seq: Annotated[
        int | None, Field(ge=1, le=2**53, description="`next_seq` of the answer before; without it, from the start.")
    ] = None
    limit: Annotated[int, Field(ge=1, le=5_000, description="How many at most.")] = 1_000


class DecisionFilter(Page):
    """Which decisions."""

    execution_id: Name = None
    runbook_id: Name = None
    incident_id: Name = None
    point: Literal["propose", "approve", "start", "promote"] | None = None
    result: Literal["allowed", "denied"] | None = None


class PolicyTrial(BaseModel):
    """A document to ask the rules about."""

    model_config = ConfigDict(extra="forbid")

    input: dict[str, Any]
    package: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*$", max_length=200)] = (
        "kronveil.policy"
    )


class Trust(BaseModel):
    """How far a runbook is to be trusted from now on, and why."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    level: Literal["observe", "suggest", "approve", "automatic"]
    reason: Annotated[str, Field(min_length=1, max_length=2_000)]


class StreamStart(BaseModel):
    """Where a stream begins, and with what right."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[int | None, Field(ge=0, description="The last number that was seen.")] = None
    epoch: Annotated[str | None, Field(max_length=100, description="The epoch that `since` belongs to.")] = None
    ticket: Annotated[str | None, Field(max_length=100, description="In place of a token.")] = None


class SocketStart(StreamStart):
    """The same for a WebSocket."""

    batch: Annotated[bool, Field(description="Frames may come several in one message.")] = False

"""What the policy decided, the rules in force, and the audit."""

from typing import Annotated

from pydantic import Field

from kronveil.api.shape import shape
from kronveil.api.shapes.terms import NextCursor, Timestamp
from kronveil.model.policy import Point


@shape
class Reason:
    """A rule that had something to say."""

    rule: str
    text: str


@shape
class Decision:
    """One answer of the policy, with all that it rests on."""

    id: str
    at: Timestamp
    point: Annotated[Point, Field(description="When it was asked: propose, approve, start or promote.")]
    actor: str
    action: str
    target: str
    result: Annotated[str, Field(description="allowed or denied.")]
    rule: Annotated[str, Field(description="The rules that decided; `default` when none said anything.")]
    reasons: list[Reason]
    problem: Annotated[str, Field(description="Why it could not be evaluated, which denies; mostly empty.")]
    inputs: Annotated[str, Field(description="What the policy was told: a JSON document, as text.")]
    policy: Annotated[str, Field(description="Which wording of the rules was evaluated.")]
    execution_id: str
    runbook_id: str
    incident_id: str


@shape
class DecisionList:
    """A page of decisions, newest first."""

    items: list[Decision]
    next_cursor: NextCursor


@shape
class PolicyModule:
    """One text of rules."""

    name: str
    package: str
    source: Annotated[str, Field(description="`bundled`, or the file's path.")]
    text: str


@shape
class PolicyList:
    """The rules in force. Empty when an OPA server has them."""

    items: list[PolicyModule]
    next_cursor: None
    digest: Annotated[str, Field(description="Names this wording, as decisions do; empty: no policy is asked.")]


@shape
class PolicyTest:
    """What the rules say of a document that somebody made up. Nothing follows from it."""

    allowed: bool
    reasons: list[Reason]
    problem: Annotated[str, Field(description="Why it could not be evaluated, which denies; mostly empty.")]


@shape
class AuditEntry:
    """One deed. `hash` is over all of it and `prev_hash`: what is changed afterwards shows."""

    seq: int
    at: Timestamp
    actor: str
    act: Annotated[str, Field(description="`noun.verb`, as `execution.approved`.")]
    target: str
    why: str
    before: Annotated[str | None, Field(description="JSON text; null where there is nothing to say.")]
    after: Annotated[str | None, Field(description="JSON text; null where there is nothing to say.")]
    prev_hash: str
    hash: str


@shape
class AuditList:
    """A page of the audit, newest first."""

    items: list[AuditEntry]
    next_cursor: NextCursor


@shape
class AuditCheck:
    """Whether the chain holds. Note `last_seq` and `last_hash` down elsewhere: asked with them later, entries that were
    cut off at the end are missed, too."""

    whole: bool
    entries: int
    first_seq: Annotated[int, Field(description="The oldest that is kept; older ones were forgotten and sealed.")]
    last_seq: int
    last_hash: str
    broken_at: Annotated[int | None, Field(description="The first `seq` that does not fit; null when all do.")]
    why: str


@shape
class AuditExport:
    """Some of the audit, oldest first, to be kept elsewhere. That it was asked for is in the audit, too."""

    items: list[AuditEntry]
    next_seq: Annotated[int | None, Field(description="Where to go on; null at the end.")]
    sealed_seq: Annotated[int, Field(description="Up to where older entries were forgotten; 0: none were.")]
    sealed_hash: Annotated[str, Field(description="What the oldest that is kept follows.")]

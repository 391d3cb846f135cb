"""What can be done about an incident: runbooks as people write them, before any target is known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum


class InputType(StrEnum):
    """What may be given for an input. A quantity is what Kubernetes calls one: 512Mi, 250m."""

    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    QUANTITY = "quantity"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that whoever runs a runbook may set. Without a default it must be given.

    ``default``, ``choices``, ``least`` and ``most`` are as people write them; ``least`` and ``most`` hold for numbers,
    quantities and durations.
    """

    name: str
    type: InputType
    description: str = ""
    default: object = None
    choices: tuple[object, ...] = ()
    least: object = None
    most: object = None

    @property
    def is_required(self) -> bool:
        """Whether it must be given."""
        return self.default is None


@dataclass(frozen=True, slots=True)
class RunbookStep:
    """One thing to do: an action, a question to a person, steps at once, or another runbook; it is exactly one.

    ``parameters`` are JSON-like values, with ``${{ ... }}`` where they are computed. ``condition`` (written ``if``) and
    ``for_each`` are expressions; ``item`` is the name that each has within. ``otherwise`` (``else``) says in words why
    it is left out where its condition does not hold. A step that ``is_diagnosis`` is read while the plan is made. One
    that ``is_optional`` is left out where its target never would allow it. With ``needs_approval`` a plan that has it
    waits for a person, whatever the runbook says. ``path`` is where it is written.
    """

    name: str
    action: str = ""
    parameters: Mapping[str, object] = field(default_factory=dict[str, object])
    id: str = ""
    condition: str = ""
    for_each: str = ""
    item: str = "item"
    together: "tuple[RunbookStep, ...]" = ()
    question: str = ""
    otherwise: str = ""
    runbook: str = ""
    is_diagnosis: bool = False
    is_optional: bool = False
    needs_approval: bool = False
    timeout: timedelta | None = None
    retries: int | None = None
    path: tuple[str | int, ...] = ()

    def each(self) -> "Iterator[RunbookStep]":
        """Itself and the steps within it."""
        yield self
        for step in self.together:
            yield from step.each()


@dataclass(frozen=True, slots=True)
class Runbook:
    """A list of steps for incidents of ``incident_kinds``.

    ``auto_execute`` asks that it runs without approval, where the policy lets it; else ``approvals`` people must agree.
    ``settle`` is how long the symptom must stay away before it counts as cured, None for the configured time.
    ``success`` is an expression that must hold besides, empty for none. ``undo_on_failure`` asks that what was changed
    is set back when a later step fails. ``digest`` names its text, so that a record tells which wording ran.
    ``source`` is ``bundled`` or the file's path, ``text`` what is written there. ``parts`` are the runbooks that its
    steps name, and those that theirs do.
    """

    id: str
    name: str
    description: str
    incident_kinds: tuple[str, ...]
    steps: tuple[RunbookStep, ...]
    auto_execute: bool = False
    settle: timedelta | None = None
    digest: str = ""
    source: str = "bundled"
    inputs: tuple[Input, ...] = ()
    success: str = ""
    approvals: int = 1
    undo_on_failure: bool = False
    text: str = ""
    parts: "tuple[Runbook, ...]" = ()

    def all_steps(self) -> Iterator[RunbookStep]:
        """Every step, also those within others, in the order of the file."""
        for step in self.steps:
            yield from step.each()

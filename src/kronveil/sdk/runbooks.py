"""Runbooks written in Python: the same nouns as in YAML, for who would rather compute a list of steps than write it.

A module in ``runbooks.directory`` calls ``register`` when it is loaded. What it registers is data: it is linted,
planned, approved and recorded as a runbook in YAML is, and no code of the module runs when the runbook does.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta

Span = str | timedelta


@dataclass(frozen=True, kw_only=True)
class Input:
    """One thing that whoever runs it may set. ``type``: text, number, flag, quantity or duration."""

    type: str
    description: str = ""
    default: object = None
    choices: Sequence[object] = ()
    at_least: object = None
    at_most: object = None


@dataclass(frozen=True)
class Step:
    """One thing to do: an ``action`` with ``params``, a question to ``ask``, steps ``together``, or a ``runbook``.

    ``condition`` and ``for_each`` are expressions, ``params`` may hold them in ``${{ }}``. ``otherwise`` says in words
    why it is left out where its condition does not hold. ``item`` is the name that each of ``for_each`` has.
    """

    name: str
    action: str = ""
    params: Mapping[str, object] = field(default_factory=dict[str, object])
    id: str = ""
    condition: str = ""
    otherwise: str = ""
    for_each: str = ""
    item: str = "item"
    together: "Sequence[Step]" = ()
    ask: str = ""
    runbook: str = ""
    diagnose: bool = False
    optional: bool = False
    approval: bool = False
    timeout: Span | None = None
    retries: int | None = None


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """A list of steps for incidents of ``incident_types``: kinds, or the names that people know them by."""

    id: str
    name: str
    description: str
    steps: Sequence[Step]
    incident_types: Sequence[str] = ()
    inputs: Mapping[str, Input] = field(default_factory=dict[str, Input])
    auto_execute: bool = False
    approvals: int = 1
    settle: Span | None = None
    success: str = ""
    undo_on_failure: bool = False


REGISTERED: ContextVar[list[Runbook] | None] = ContextVar("REGISTERED", default=None)
"""Where ``register`` puts them while a module is loaded."""


def register(runbook: Runbook) -> Runbook:
    """Make a runbook known to the agent that loads this module; given back, so that it can be tested."""
    found = REGISTERED.get()
    if found is not None:
        found.append(runbook)
    return runbook

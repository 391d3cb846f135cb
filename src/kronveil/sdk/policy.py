"""What the agent asks of whoever evaluates policies: documents in, what the rules say of them out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kronveil.model.policy import Document

POLICY = "kronveil.policy"
"""The package that is asked whether a run may be proposed, approved and begun."""
PROMOTION = "kronveil.promotion"
"""The package that is asked whether a runbook may be trusted more."""


@dataclass(frozen=True, slots=True)
class Module:
    """One text of rules. ``source`` is ``bundled`` or the file's path."""

    name: str
    package: str
    source: str
    text: str


class PolicyEngine(Protocol):
    """Evaluates rules within a deadline, and never on the caller's thread."""

    @property
    def digest(self) -> str:
        """Names this wording of all modules, or whoever else is asked."""
        ...

    @property
    def modules(self) -> Sequence[Module]:
        """What is evaluated; empty when another program has it."""
        ...

    async def evaluate(self, package: str, document: Document) -> Mapping[str, object]:
        """Everything that a package says of a document. Raises Transient when it cannot say in time, Permanent when its
        rules cannot be evaluated; the text says why."""
        ...

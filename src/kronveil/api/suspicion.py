"""Which open incidents suspect a change, looked up from the change's side."""

from collections.abc import Iterable
from dataclasses import dataclass

from kronveil.model.incident import Incident


@dataclass(frozen=True, slots=True)
class Named:
    """A change that incidents suspect: which, how strongly at most, and why the strongest of them does."""

    incidents: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]


class Suspicions:
    """Of the incidents given, read once."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        self._named: dict[str, Named] = {}
        for incident in incidents:
            for suspect in incident.suspects:
                before = self._named.get(suspect.change_id)
                ids = (*(before.incidents if before else ()), incident.id)
                score, reasons = suspect.score, suspect.reasons
                if before is not None and before.score >= score:
                    score, reasons = before.score, before.reasons
                self._named[suspect.change_id] = Named(tuple(dict.fromkeys(ids)), score, reasons)

    def of(self, change_id: str) -> Named | None:
        """What is said of a change; None when nobody suspects it."""
        return self._named.get(change_id)

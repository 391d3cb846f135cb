"""Which incidents suspect a change, looked up from the change's side."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kronveil.model.change import Suspect
from kronveil.model.incident import Incident


@dataclass(frozen=True, slots=True)
class Named:
    """A change that incidents suspect: which, how strongly at most, and why the strongest of them does."""

    incidents: tuple[str, ...]
    score: float
    reasons: tuple[str, ...]


class Suspicions:
    """Of the incidents given, read once. What ``stored`` ones suspect, by their ids, comes after that."""

    def __init__(self, incidents: Iterable[Incident], stored: Mapping[str, Sequence[Suspect]] | None = None) -> None:
        self._named: dict[str, Named] = {}
        known: dict[str, Sequence[Suspect]] = {incident.id: incident.suspects for incident in incidents}
        for incident_id, suspects in {**known, **(stored or {}), **known}.items():
            for suspect in suspects:
                before = self._named.get(suspect.change_id)
                ids = (*(before.incidents if before else ()), incident_id)
                score, reasons = suspect.score, suspect.reasons
                if before is not None and before.score >= score:
                    score, reasons = before.score, before.reasons
                self._named[suspect.change_id] = Named(tuple(dict.fromkeys(ids)), score, reasons)

    def of(self, change_id: str) -> Named | None:
        """What is said of a change; None when nobody suspects it."""
        return self._named.get(change_id)

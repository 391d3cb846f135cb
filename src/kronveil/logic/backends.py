"""Which workloads stand behind the same service: a trouble of several of them at once is one of the service."""

from collections.abc import Iterator

from kronveil.logic.identity import place
from kronveil.model.facts import BackendFacts
from kronveil.model.resource import Resource

REMEMBERED_SLICES = 10_000
Where = tuple[str, str]


class Backends:
    """As told since the start, by the slice that told it. Bounded: what was told longest ago is forgotten first."""

    def __init__(self) -> None:
        self._of_slice: dict[Where, BackendFacts] = {}
        self._slices_of: dict[Where, dict[Where, None]] = {}

    def note(self, cluster: str, told_by: Where, facts: BackendFacts) -> None:
        """What this slice tells now."""
        self._drop(cluster, told_by)
        if len(facts.owners) < 2:
            return
        self._of_slice[told_by] = facts
        for owner in facts.owners:
            self._slices_of.setdefault((cluster, place(owner)), {})[told_by] = None
        if len(self._of_slice) > REMEMBERED_SLICES:
            oldest = next(iter(self._of_slice))
            self._drop(oldest[0], oldest)

    def beside(self, cluster: str, owner: Resource) -> Iterator[tuple[Resource, Resource]]:
        """The others that stand behind a service of this workload, each with the service."""
        mine = place(owner)
        for told_by in self._slices_of.get((cluster, mine), ()):
            facts = self._of_slice[told_by]
            for other in facts.owners:
                if place(other) != mine:
                    yield facts.service, other

    def _drop(self, cluster: str, told_by: Where) -> None:
        before = self._of_slice.pop(told_by, None)
        for owner in before.owners if before is not None else ():
            where = (cluster, place(owner))
            slices = self._slices_of.get(where, {})
            slices.pop(told_by, None)
            if not slices:
                self._slices_of.pop(where, None)

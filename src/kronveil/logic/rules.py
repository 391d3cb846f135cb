"""How long is how long, and what an operator has said about single kinds of symptoms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType

from kronveil.logic.kinds import CERTIFICATE_EXPIRING, Symptom
from kronveil.model.event import Severity


@dataclass(frozen=True, slots=True)
class KindRule:
    """An operator's word on one kind of symptom; None leaves the default.

    ``after`` is how long it must last (for ``certificate.expiring``: how long before the end it is there).
    """

    enabled: bool = True
    after: timedelta | None = None
    severity: Severity | None = None


NO_KIND_RULES: Mapping[str, KindRule] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rules:
    """How long is how long. Defaults are those of docs/reference/symptoms.md."""

    resolve_after: timedelta = timedelta(seconds=60)
    reopen_within: timedelta = timedelta(minutes=15)
    dedup_window: timedelta = timedelta(seconds=30)
    one_shot_lookback: timedelta = timedelta(hours=1)
    flapping_hold: timedelta = timedelta(minutes=10)
    kinds: Mapping[str, KindRule] = field(default_factory=lambda: NO_KIND_RULES)

    @property
    def memory(self) -> timedelta:
        """How far back resolved incidents must be restored so that nothing is told twice."""
        return max(self.reopen_within, self.one_shot_lookback)

    def applied(self, symptoms: tuple[Symptom, ...]) -> tuple[Symptom, ...]:
        """The symptoms as the operator wants them: without those that are off, with their own times and severities."""
        if not self.kinds or not symptoms:
            return symptoms
        return tuple([self._applied(one) for one in symptoms if self._is_wanted(one.kind)])

    def _is_wanted(self, kind: str) -> bool:
        rule = self.kinds.get(kind)
        return rule is None or rule.enabled

    def _applied(self, symptom: Symptom) -> Symptom:
        rule = self.kinds.get(symptom.kind)
        if rule is None:
            return symptom
        after = symptom.after if rule.after is None else rule.after
        if symptom.kind == CERTIFICATE_EXPIRING:
            # Counted back from the end; the last days, and not being ready, keep their own times.
            after = symptom.after if symptom.part or rule.after is None else -rule.after
        return replace(symptom, after=after, worth=rule.severity or symptom.worth)

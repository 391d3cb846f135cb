"""Any custom resource, by the conditions that the configuration names."""

from collections.abc import Sequence

from kronveil.collectors.kubernetes.config import WatchedCondition
from kronveil.collectors.kubernetes.translate.changes import digest, source_attributes, summary
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves, parse_time, shorten
from kronveil.collectors.kubernetes.translate.telling import Found, tell
from kronveil.collectors.kubernetes.wire_platform import CustomCondition, CustomObject
from kronveil.model.facts import ConditionFacts, ResourceFacts
from kronveil.model.observation import Observation

READY = (WatchedCondition(type="Ready"),)
NOTHING_SAID = CustomCondition()


def translate_custom(  # noqa: PLR0913, PLR0917 - what every translation has, and what is asked of this one
    called: str,
    watched: Sequence[WatchedCondition],
    item: CustomObject,
    before: Kept | None,
    shelves: Shelves,
    moment: Moment,
) -> tuple[Kept, Observation | None]:
    """What its conditions say. The first list need not speak of one whose conditions are all plainly good."""
    said = {one.type: one for one in (item.status.conditions if item.status else None) or ()}
    facts = ResourceFacts(tuple([_condition(one, said.get(one.type, NOTHING_SAID)) for one in watched or READY]))
    spec = bytes(item.spec)
    found = Found(
        kind="resource.changed",
        facts=facts,
        message="; ".join(filter(None, map(_words, facts.conditions))) or "nothing is said of its conditions",
        is_fine=all(one.status not in (*one.bad, "", "Unknown") for one in facts.conditions),
        times=[said[one.type].last_transition_time for one in watched or READY if one.type in said],
        attributes=source_attributes(item.metadata),
        spec=summary([("other", "spec", digest(spec))] if spec else []),
        managed=item.metadata.managed_fields,
        owner=shelves.owner_of(item.metadata),
    )
    return tell(called, item.metadata, found, before, shelves, moment)


def _condition(watched: WatchedCondition, said: CustomCondition) -> ConditionFacts:
    is_bad = said.status in watched.bad
    return ConditionFacts(
        type=watched.type,
        status=said.status,
        symptom=watched.symptom,
        severity=watched.severity,
        after=watched.after,
        bad=watched.bad,
        # While all is well controllers write into these what they are doing just now.
        reason=(said.reason or "") if is_bad else "",
        message=shorten(said.message) if is_bad else "",
        since=parse_time(said.last_transition_time) if is_bad else None,
    )


def _words(one: ConditionFacts) -> str:
    return ": ".join(filter(None, (f"{one.type} is {one.status}", one.reason, one.message))) if one.status else ""

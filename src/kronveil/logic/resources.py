"""What is wrong with a custom resource: a condition with a status that the operator calls bad."""

from kronveil.logic.kinds import Symptom
from kronveil.model.event import Severity
from kronveil.model.facts import ConditionFacts, ResourceFacts

FAMILY = "resource"
UNSAID = frozenset({"", "Unknown"})


def resource_symptoms(resource: ResourceFacts) -> tuple[Symptom, ...]:
    """One for each bad condition."""
    return tuple([_symptom(one) for one in resource.conditions if one.status in one.bad])


def is_resource_symptom_over(kind: str, part: str, resource: ResourceFacts) -> bool:
    """Whether the condition plainly says so; or nobody asks for it any more."""
    asked = [one for one in resource.conditions if (one.symptom, one.type) == (kind, part)]
    return all(one.status not in one.bad and one.status not in UNSAID for one in asked)


def _symptom(one: ConditionFacts) -> Symptom:
    about = f"{one.type} is {one.status}"
    message = ": ".join(filter(None, (about, one.reason, one.message)))
    return Symptom(
        one.symptom,
        FAMILY,
        one.type,
        one.reason or one.status,
        message,
        about,
        since=one.since,
        after=one.after,
        worth=Severity(one.severity),
    )

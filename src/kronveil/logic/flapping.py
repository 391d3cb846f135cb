"""What comes and goes: nodes that lose and regain readiness, and incidents whose symptoms clear and return.

Both are read from the story of the incident, which a restart keeps.
"""

from collections import Counter
from datetime import datetime, timedelta

from kronveil.logic import wording
from kronveil.logic.kinds import NODE_NOT_READY
from kronveil.logic.lifecycle import Case
from kronveil.logic.platform import NOT_READY_MESSAGES
from kronveil.model.resource import Resource

NODE_WINDOW = timedelta(minutes=10)
# Three losses: a node that registers turns up to twice by itself, and one that restarts once.
NODE_TURNS = 6
RETURNS_WINDOW = timedelta(minutes=15)
MANY_RETURNS = 5


def turns_of(case: Case, node: Resource, now: datetime) -> list[datetime]:
    """When the node turned from ready to not, or back, within the window that ends now."""
    who = wording.called(node)
    lost = tuple([f"{who}: {message}" for message in NOT_READY_MESSAGES])
    regained = wording.recovery(node, NODE_NOT_READY, "", None)
    return [
        moment.at
        for moment in case.story
        if abs(now - moment.at) < NODE_WINDOW and (moment.message.startswith(lost) or moment.message == regained)
    ]


def returns_of(case: Case) -> int:
    """How often the one of its conditions that cleared most did so in the quarter of an hour before it was last well.

    The line of a recovery is the same each time it is that condition's.
    """
    until = case.healed_at
    if until is None:
        return 0
    lately = Counter(
        moment.message for moment in case.story if moment.what == "recovered" and until - moment.at <= RETURNS_WINDOW
    )
    return max(lately.values(), default=0)

"""What others of the same owner show: that a kill is made good, or what a workload that is down suffers from."""

from datetime import datetime

from kronveil.logic.kinds import EVICTED, JOB_FAILED, QUOTA_EXCEEDED
from kronveil.model.facts import Facts, GoneFacts, JobFacts, PodFacts, WorkloadFacts

# A workload that is down, or a rollout that is stuck for want of quota, is explained by these troubles of its pods.
EXPLAINING = ("image", "memory", "crash", "volume", "scheduling", "eviction")


def heals(kind: str, since: datetime, facts: Facts | None, at: datetime, *, is_owner: bool) -> bool:
    """Whether these facts about another object of the owner, or about the owner itself, end such a symptom."""
    if isinstance(facts, GoneFacts):
        return is_owner
    if isinstance(facts, WorkloadFacts):
        return kind in (EVICTED, QUOTA_EXCEEDED) and at >= since and facts.available >= facts.desired
    if isinstance(facts, JobFacts):
        return kind in (JOB_FAILED, QUOTA_EXCEEDED) and facts.succeeded and (facts.at or at) >= since
    if isinstance(facts, PodFacts):
        return kind == EVICTED and facts.ready and not facts.terminating and at >= since
    return False

"""What runs may see of the agent while they wait for their verdict: incidents in memory, and who is heard from."""

from collections.abc import Sequence

from kronveil.agent.pipeline import Pipeline
from kronveil.agent.roll_call import RollCall
from kronveil.logic.response import target_key
from kronveil.model.fleet import ClusterState
from kronveil.model.incident import Incident


class AgentSight:
    """See ``performing.Sight``."""

    def __init__(self, pipeline: Pipeline, roll_call: RollCall) -> None:
        self._pipeline = pipeline
        self._roll_call = roll_call

    def incident(self, incident_id: str) -> Incident | None:
        """As it is now, None when it is no longer in memory."""
        return self._pipeline.incident(incident_id)

    def beside(self, incident: Incident) -> Sequence[Incident]:
        """Other incidents of the same owner."""
        here = target_key(incident)
        return [each for each in self._pipeline.held() if each.id != incident.id and target_key(each) == here]

    def is_heard(self, cluster_name: str) -> bool:
        """Whether the cluster is heard from now."""
        heard = (ClusterState.LIVE, ClusterState.PARTIAL)
        return any(member.name == cluster_name and member.state in heard for member in self._roll_call.members())

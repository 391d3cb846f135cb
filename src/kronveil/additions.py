"""Clusters that an operator added while the agent ran: kept in the data folder, watched again after each start."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from kronveil.agent.desk import ClusterRequest
from kronveil.agent.roster import ClusterPlan
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.sdk.errors import ConfigError

FILE = "clusters.json"


@dataclass(slots=True)
class KeptAdditions:
    """Implements ``agent.agent.Additions`` on a small file that is replaced whole."""

    folder: Path
    plan_of: Callable[[ClusterConfig], ClusterPlan]

    def add(self, request: ClusterRequest) -> ClusterPlan:
        """Keep it durably, and say how to watch it."""
        plan = self.plan_of(_config(request))
        self._write([*[each for each in self.kept() if each.name != request.name], request])
        return plan

    def remove(self, name: str) -> bool:
        """Keep it no longer; False when it was not kept here."""
        kept = self.kept()
        left = [each for each in kept if each.name != name]
        if len(left) == len(kept):
            return False
        self._write(left)
        return True

    def kept(self) -> list[ClusterRequest]:
        """Those kept, oldest first. Raises ConfigError for a file that is not ours any more."""
        path = self.folder / FILE
        if not path.exists():
            return []
        try:
            return [
                ClusterRequest(**{**each, "namespaces": tuple(each.get("namespaces", ()))})
                for each in json.loads(path.read_text(encoding="utf-8"))
            ]
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"{path}: cannot be read as a list of added clusters ({error}).\n"
                "Mend it, or move it away to start without the clusters that were added while running."
            ) from error

    def plans(self) -> list[ClusterPlan]:
        """How to watch those kept."""
        return [self.plan_of(_config(each)) for each in self.kept()]

    def _write(self, requests: list[ClusterRequest]) -> None:
        draft = (self.folder / FILE).with_suffix(".tmp")
        draft.write_text(json.dumps([asdict(each) for each in requests], indent=1) + "\n", encoding="utf-8")
        draft.replace(self.folder / FILE)


def _config(request: ClusterRequest) -> ClusterConfig:
    return ClusterConfig(
        name=request.name,
        kubeconfig_path=Path(request.kubeconfig_path) if request.kubeconfig_path else None,
        context=request.context,
        region=request.region,
        namespaces=request.namespaces,
    )

"""What an operator said of clusters while the agent ran: added, paused. Kept in the data folder for each start."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from kronveil.agent.desk import ClusterRequest
from kronveil.agent.roster import ClusterPlan
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.model.fleet import Pause
from kronveil.sdk.errors import ConfigError, Transient

FILE = "clusters.json"
PAUSES = "pauses.json"


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
        return _requests(self.folder / FILE)

    def plans(self) -> list[ClusterPlan]:
        """How to watch those kept."""
        return [self.plan_of(each) for each in added_clusters(self.folder)]

    def _write(self, requests: list[ClusterRequest]) -> None:
        _replace(self.folder / FILE, [asdict(each) for each in requests])


def added_clusters(folder: Path) -> list[ClusterConfig]:
    """Those that were added while the agent of this data folder ran, oldest first. Raises ConfigError."""
    return [_config(each) for each in _requests(folder / FILE)]


def _requests(path: Path) -> list[ClusterRequest]:
    try:
        return [
            ClusterRequest(namespaces=tuple(each.pop("namespaces", ())), **each)
            for each in json.loads(path.read_text(encoding="utf-8"))
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: cannot be read as a list of added clusters ({error}).\n"
            "Mend it, or move it away to start without the clusters that were added while running."
        ) from error


@dataclass(frozen=True, slots=True)
class KeptPauses:
    """Implements ``agent.agent.Pauses`` on a small file that is replaced whole."""

    folder: Path

    def kept(self) -> Mapping[str, Pause]:
        """By cluster. Raises ConfigError for a file that is not ours any more."""
        path = self.folder / PAUSES
        if not path.exists():
            return {}
        try:
            return {
                name: Pause(str(each["by"]), datetime.fromisoformat(each["at"]), str(each["reason"]))
                for name, each in json.loads(path.read_text(encoding="utf-8")).items()
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(
                f"{path}: cannot be read as the clusters that are paused ({error}).\n"
                "Mend it, or move it away to start with every cluster watched."
            ) from error

    def keep(self, name: str, pause: Pause | None) -> None:
        """Keep it durably, or with None keep none. Raises Transient when that cannot be written."""
        kept = dict(self.kept())
        before = kept.pop(name, None)
        if pause is not None:
            kept[name] = pause
        elif before is None:
            return
        _replace(
            self.folder / PAUSES,
            {name: {"by": each.by, "at": each.at.isoformat(), "reason": each.reason} for name, each in kept.items()},
        )


def _replace(path: Path, content: object) -> None:
    """The whole file or the one before, whatever happens meanwhile. Raises Transient when it cannot be written."""
    draft = path.with_suffix(".tmp")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise Transient(
            f"{path} cannot be written: {error.strerror}. Nothing was changed; free or mend the disk."
        ) from error


def _config(request: ClusterRequest) -> ClusterConfig:
    return ClusterConfig(
        name=request.name,
        kubeconfig_path=Path(request.kubeconfig_path) if request.kubeconfig_path else None,
        context=request.context,
        region=request.region,
        namespaces=request.namespaces,
    )

"""Change fields of an object of an allowed kind, as a merge patch that the runbook writes."""

from typing import Any

from kronveil.actions.kubernetes_kinds import needs
from kronveil.actions.kubernetes_object import (
    JSON_MERGE,
    STRATEGIC_MERGE,
    Intent,
    Json,
    perform_patch,
    rehearse_patch,
    undo_patch,
)
from kronveil.actions.masking import refuse_secrets
from kronveil.actions.sections import is_list, is_object, section
from kronveil.model.execution import Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, ClusterDoor, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent

KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Service",
    "Ingress",
    "Certificate",
    "ConfigMap",
)
_TYPES = {"strategic": STRATEGIC_MERGE, "merge": JSON_MERGE}
_PARTS = ("metadata", "spec", "data")
_METADATA = ("labels", "annotations")
LONGEST = 64 * 1024


class Patch:
    """See ``Action``. Parameters: ``patch`` (what to merge), ``type`` (strategic, or merge)."""

    def __init__(self, means: Means) -> None:
        self._doors = means.doors

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        needs(target, KINDS, "patch")
        patch, kind = checked(step), step.parameters.get("type", "strategic")
        if not isinstance(kind, str) or kind not in _TYPES:
            raise Permanent(f"{step.name}: type must be one of {', '.join(_TYPES)}")

        async def decide(_: ClusterDoor, obj: Json) -> Intent:
            fields = ", ".join(sorted(_leaves(patch)))
            return Intent(f"change {fields} of {obj['metadata']['name']}"[:300], patch, patch_type=_TYPES[kind])

        return await rehearse_patch(self._doors, step, target, decide)

    async def perform(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.perform``."""
        return await perform_patch(self._doors, plan, key)

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:
        """See ``Action.compensate``."""
        return await undo_patch(self._doors, plan, key)


def checked(step: Step) -> Json:
    """The patch, if it keeps to what may be changed. Raises Permanent."""
    patch = step.parameters.get("patch")
    if not is_object(patch) or not patch:
        raise Permanent(f"{step.name}: patch must be a section with the fields to change")
    strange = [str(name) for name in patch if name not in _PARTS]
    metadata = section(patch, "metadata")
    strange += [f"metadata.{name}" for name in metadata if name not in _METADATA]
    if strange:
        raise Permanent(f"{step.name}: may not change {', '.join(strange)}; what may: spec, data, labels, annotations")
    plain: Json = _plain(patch)
    refuse_secrets(plain, step.name, "write it to a Secret and name that")
    if len(str(plain)) > LONGEST:
        raise Permanent(f"{step.name}: the patch is longer than {LONGEST // 1024} KiB")
    return plain


def _plain(value: Any) -> Any:
    if is_object(value):
        return {str(name): _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if is_list(value) else value


def _leaves(patch: Json, path: str = "") -> list[str]:
    found: list[str] = []
    for name, value in patch.items():
        at = f"{path}.{name}" if path else name
        found += _leaves(value, at) if is_object(value) and value else [at]
    return found


component = ActionComponent(
    name="patch",
    summary="Change fields of an object of an allowed kind.",
    effect=Effect.MUTATE,
    takes=(
        Parameter("patch", "section", "The fields to change, as they are written in a manifest.", is_required=True),
        Parameter("type", "text", "How lists are merged: `strategic` by key, `merge` replaces them.", "strategic"),
    ),
    make=Patch,
    kinds=KINDS,
    is_reversible=True,
)

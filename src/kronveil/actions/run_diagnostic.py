"""Find something out, and change nothing: a catalogue of checks whose findings later steps may use."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kronveil.actions.diagnostics import Diagnostic, Found
from kronveil.actions.diagnostics.cluster import CLUSTER
from kronveil.actions.diagnostics.network import NETWORK
from kronveil.actions.kubernetes_object import as_texts
from kronveil.model.execution import Check, Effect, StepPlan, Target
from kronveil.sdk.actions import ActionComponent, Means, Outcome, Parameter, Step
from kronveil.sdk.errors import Permanent

CATALOGUE: Mapping[str, Diagnostic] = {each.name: each for each in (*CLUSTER, *NETWORK)}


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    parameters: Mapping[str, object]


class RunDiagnostic:
    """See ``Action``. It looks when the plan is made: that is what the steps after it are planned with."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def rehearse(self, step: Step, target: Target) -> StepPlan:
        """See ``Action.rehearse``."""
        found = await self._look(step, target)
        return StepPlan(
            name=step.name,
            action=step.action,
            effect=Effect.READ,
            target=target,
            parameters=as_texts(step.parameters),
            summary=f"{step.parameters['check']}: {found.summary}",
            checks=(Check(str(step.parameters["check"]), "unknown", found.unknown),) if found.unknown else (),
            findings=texts_of(found.findings),
        )

    async def perform(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - it acts on nothing
        """See ``Action.perform``: what asks no cluster looks again, since what was done before may show there."""
        told = {name: json.loads(text) for name, text in plan.parameters.items()}
        check = CATALOGUE.get(str(told.get("check")))
        if check is None or check.look_again is None or plan.target is None:
            return Outcome(plan.summary, findings=plan.findings)
        found = await check.look_again(self._means, _Asked(plan.name, told), plan.target)
        return Outcome(f"{check.name}: {found.summary}", findings=texts_of(found.findings))

    async def compensate(self, plan: StepPlan, key: str) -> Outcome:  # noqa: ARG002 - nothing to take back
        """See ``Action.compensate``."""
        raise Permanent("nothing was changed")

    async def _look(self, step: Step, target: Target) -> Found:
        check = CATALOGUE.get(str(step.parameters.get("check")))
        if check is None:
            raise Permanent(f"{step.name}: check must be one of {', '.join(sorted(CATALOGUE))}")
        strange = [name for name in step.parameters if name not in ("check", *check.takes)]
        if strange:
            takes = ", ".join(check.takes) or "nothing"
            raise Permanent(f"{step.name}: {check.name} does not take {', '.join(strange)}; it takes: {takes}")
        return await check.look(self._means, step, target)


def texts_of(findings: Mapping[str, Any]) -> dict[str, str]:
    """Findings as a plan keeps them: JSON text by name."""
    return {name: json.dumps(value, ensure_ascii=False) for name, value in findings.items()}


component = ActionComponent(
    name="run_diagnostic",
    summary="Find something out, and change nothing.",
    effect=Effect.READ,
    takes=(
        Parameter("check", "text", f"What to find out: {', '.join(sorted(CATALOGUE))}.", is_required=True),
        Parameter("pod", "text", "logs: the pod.", "the first that the incident is about"),
        Parameter("container", "text", "logs, top, describe: the container.", "the one that the incident is about"),
        Parameter("lines", "whole number", "logs: how many, 1 to 1000.", "50"),
        Parameter("previous", "flag", "logs: of before the container was last started.", "false"),
        Parameter("url", "text", "http: the address, of a host in `runbooks.hosts`."),
        Parameter("name", "text", "dns: the host name."),
        Parameter("host", "text", "tls: the host, one of `runbooks.hosts`."),
        Parameter("port", "whole number", "tls: the port.", "443"),
    ),
    make=RunDiagnostic,
)

"""Writes the reference pages of actions. ``python -m kronveil.actions.reference FOLDER`` writes one for each."""

import sys
from pathlib import Path

from kronveil.actions import BUILT_IN
from kronveil.actions.run_diagnostic import CATALOGUE
from kronveil.model.execution import Effect
from kronveil.sdk.actions import ActionComponent

_EFFECTS = {
    Effect.READ: "reads; changes nothing",
    Effect.MUTATE: "changes something",
    Effect.DESTROY: "destroys something: what it takes away does not come back",
}
_EXAMPLES = {
    "set_resources": "{raise_by_percent: 50, at_most: 2Gi}",
    "kubectl_scale": "{by: 2, at_most: 10}",
    "rollout_undo": "",
    "rollout_restart": "",
    "restart_pod": "",
    "cordon": "",
    "uncordon": "{node: worker-3}",
    "drain": "{timeout: 15m}",
    "patch": "{patch: {spec: {minReadySeconds: 10}}}",
    "delete_job": "",
    "run_diagnostic": "{check: logs, lines: 100, previous: true}",
    "wait": "{for: 30s}",
    "http_request": "{url: https://ci.example.com/api/pause, method: POST, body: {pipeline: checkout}}",
    "custom_script": "{script: rotate-logs, arguments: [--keep, '7']}",
    "open_pull_request": "{repository: my-org/deployments, path: shop/checkout.yaml, set: {spec.replicas: 4}}",
    "notify_oncall": "{message: 'The limit was raised; look for a leak.'}",
}
_NOTES = {
    "set_resources": (
        "Of the containers that have a memory limit. A limit that is at its bound already is not touched:"
        " the plan fails and says so."
    ),
    "kubectl_scale": "The plan names an autoscaler that would set another number, and a quota that leaves no room.",
    "rollout_undo": (
        "To the pod template of the revision before; a deployment without one is refused. The plan names the replica "
        "sets that hold both templates; the templates themselves, which may hold secrets, are kept nowhere."
    ),
    "rollout_restart": (
        "By an annotation of the pod template. Paused workloads are refused; with `OnDelete` the plan warns."
    ),
    "restart_pod": (
        "By the eviction API: a disruption budget that forbids it now is waited for, not gone around. A "
        "pod without a controller, or of a kubelet's own, is refused. It is that very pod (by its uid) or"
        " none."
    ),
    "cordon": "Pods that run there stay.",
    "uncordon": "",
    "drain": (
        "Cordons the node, then asks for each pod to be evicted until all are gone. Pods of daemon sets "
        "and static pods stay; one that nothing would make again, or whose `emptyDir` data would be lost,"
        " is refused. Out of time it says how far it came and who holds it, the node stays cordoned, and "
        "a further try goes on from there. Undoing uncordons."
    ),
    "patch": (
        "Of `spec`, `data`, labels and annotations alone; what looks like a secret is refused. Undoing sets "
        "back the fields that the plan shows, and refuses when somebody changed them since."
    ),
    "delete_job": "That very job (by its uid), with its pods and their logs.",
    "wait": "After a restart of the agent the wait begins anew.",
    "http_request": (
        "Only to hosts in `runbooks.hosts`, only by the methods written there; no redirect is followed, "
        "no proxy is used, and the host's token goes along over HTTPS or to loopback alone. The step's "
        "key goes along as `Idempotency-Key`. Rehearsing sends nothing, so that what it would change is "
        "unknown."
    ),
    "custom_script": (
        "Only programs in `runbooks.scripts`, by path and SHA-256; both are looked at again when it runs."
        " Arguments are given as they are, no shell reads them. It runs with a clean environment (`PATH`,"
        " `LANG` and `KRONVEIL_KEY`, the step's key: called again under it, it is to act once), without "
        "standard input, within limits on time, memory, open files and the size of files it writes; its "
        "whole process group is killed when it ends or is stopped. Exit status 75 asks to be tried again."
    ),
    "open_pull_request": (
        "One for each change: the same is never proposed twice, and what a person closed is not opened "
        "again. Comments and order of the file stay. Undoing closes it and deletes its branch."
    ),
    "notify_oncall": (
        "Through every configured notifier, or those named. It is done when one of them worked, and says "
        "which did not; with none configured it fails: nobody to tell."
    ),
    "run_diagnostic": (
        "It looks when the plan is made. What it finds is `steps.NAME.findings.FINDING` in later steps; "
        "any value is null where it could not be learned. Text of the watched system is shortened, and "
        "what looks like a secret is masked."
    ),
}


def page(part: ActionComponent) -> str:
    """The page of one action."""
    example = _EXAMPLES[part.name]
    step = f"- name: {part.summary.rstrip('.').partition(':')[0]}\n  action: {part.name}" + (
        f"\n  with: {example}" if example else ""
    )
    blocks = [f"# {part.name}", part.summary, _facts(part), f"```yaml\n{step}\n```", _parameters(part)]
    if part.name == "run_diagnostic":
        blocks.append(_checks())
    if note := _NOTES[part.name]:
        blocks.append(note)
    return "\n\n".join(blocks) + "\n"


def index() -> str:
    """The page that names all of them."""
    rows = [f"| [{one.name}]({one.name}.md) | {one.effect} | {one.summary} |" for one in sorted(BUILT_IN, key=_name)]
    head = (
        "# Actions\n\nWhat a step of a runbook can do. `read` changes nothing, `mutate` changes, `destroy` takes away "
        "for good.\nEach is rehearsed before it is performed: the plan shows every field that will change, as the API "
        "server itself answers it, the rights it needs, what stands around the target and who would fight the change."
        "\n\n"
        "Actions on a cluster use its `write` identity, whose role is in "
        "[deploy/kubernetes/act.yaml](../../../deploy/kubernetes/act.yaml). Objects they change carry the key of the "
        "last act in the annotation `kronveil.io/acted`, by which a step that is tried again knows that it was done.\n"
    )
    return "\n".join([head, "| action | effect | does |", "|---|---|---|", *rows]) + "\n"


def _facts(part: ActionComponent) -> str:
    on = f"Acts on: {', '.join(part.kinds)}. " if part.kinds else ""
    undo = "can be undone" if part.is_reversible else "cannot be undone"
    return f"{on}At most it {_EFFECTS[part.effect]}" + ("." if part.effect is Effect.READ else f"; it {undo}.")


def _parameters(part: ActionComponent) -> str:
    if not part.takes:
        return "It takes no parameters."
    rows = [
        f"| `{one.name}` | {one.type} | {one.summary} | {'required' if one.is_required else one.default or 'none'} |"
        for one in part.takes
    ]
    return "\n".join(["| parameter | type | meaning | default |", "|---|---|---|---|", *rows])


def _checks() -> str:
    rows = [
        f"| `{one.name}` | {one.summary} | {', '.join(f'`{name}`' for name in one.takes) or 'nothing'} | "
        f"{', '.join(f'`{name}` ({kind})' for name, kind in one.finds.items())} |"
        for one in CATALOGUE.values()
    ]
    return "\n".join(["| check | finds out | takes | findings |", "|---|---|---|---|", *rows])


def _name(part: ActionComponent) -> str:
    return part.name


def write(folder: Path) -> None:
    """Write all pages."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in BUILT_IN:
        (folder / f"{part.name}.md").write_text(page(part), encoding="utf-8")
    (folder / "README.md").write_text(index(), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

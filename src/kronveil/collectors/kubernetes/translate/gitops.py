"""What Argo CD and Flux say of the things they keep in step with Git."""

from kronveil.collectors.kubernetes.translate.changes import Entry, source_attributes, summary
from kronveil.collectors.kubernetes.translate.kept import Kept, Moment, Shelves, condition, shorten
from kronveil.collectors.kubernetes.translate.telling import Found, tell
from kronveil.collectors.kubernetes.wire_platform import Application, ArgoStatus, FluxObject, FluxSpec, FluxStatus
from kronveil.collectors.kubernetes.wire_workloads import OwnedMetadata
from kronveil.model.facts import SyncFacts
from kronveil.model.observation import Attribute, Observation

NO_ARGO = ArgoStatus()
NO_FLUX, NO_FLUX_SPEC = FluxStatus(), FluxSpec()
FAILED = frozenset({"Failed", "Error"})


def translate_application(
    application: Application, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """An Application of Argo CD."""
    status = application.status or NO_ARGO
    revision = (status.sync.revision or "") if status.sync else ""
    facts, time = _argo(status, revision)
    return _told("Application", application.metadata, facts, [time], before, shelves, moment)


def _argo(status: ArgoStatus, revision: str) -> tuple[SyncFacts, str | None]:
    """What its last operation, its conditions and the health of what it made say together."""
    operation, health = status.operation_state, status.health
    if operation is not None and operation.phase in FAILED:
        return SyncFacts(True, revision, "SyncFailed", shorten(operation.message)), operation.finished_at  # noqa: FBT003
    for one in status.conditions or ():
        if one.type.endswith("Error"):
            return SyncFacts(True, revision, one.type, shorten(one.message)), one.last_transition_time  # noqa: FBT003
    state = health.status if health else None
    if state == "Degraded":
        return SyncFacts(True, revision, "Degraded", shorten(health.message) if health else ""), None  # noqa: FBT003
    is_working = state == "Progressing" or (operation is not None and operation.phase == "Running")
    time = operation.finished_at if operation else None
    if is_working or status.sync is None:
        return SyncFacts(None, revision, "Progressing" if is_working else ""), time
    return SyncFacts(False, revision, status.sync.status or ""), time  # noqa: FBT003


def translate_kustomization(
    item: FluxObject, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """A Kustomization of Flux."""
    return _flux("Kustomization", item, before, shelves, moment)


def translate_helm_release(
    item: FluxObject, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """A HelmRelease of Flux."""
    return _flux("HelmRelease", item, before, shelves, moment)


def _flux(
    kind: str, item: FluxObject, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    status = item.status or NO_FLUX
    newest = status.history[0].chart_version if status.history else None
    revision = newest or status.last_applied_revision or ""
    ready = condition(status.conditions, "Ready")
    # A suspended one is as somebody wants it.
    is_suspended = bool((item.spec or NO_FLUX_SPEC).suspend)
    is_failing = {"True": False, "False": True}.get(ready.status) if ready else None
    if is_suspended:
        is_failing = False
    facts = SyncFacts(
        is_failing=is_failing,
        revision=revision,
        reason="Suspended" if is_suspended else (ready.reason or "") if ready else "",
        message=shorten(ready.message) if ready and is_failing is not False else "",
    )
    return _told(kind, item.metadata, facts, [ready.last_transition_time if ready else None], before, shelves, moment)


def _told(  # noqa: PLR0913, PLR0917 - what the three kinds share
    kind: str,
    metadata: OwnedMetadata,
    facts: SyncFacts,
    times: list[str | None],
    before: Kept | None,
    shelves: Shelves,
    moment: Moment,
) -> tuple[Kept, Observation | None]:
    entries: list[Entry] = [("revision", "status.revision", facts.revision)] if facts.revision else []
    words = {True: "failing", False: "in step", None: "working on it"}[facts.is_failing]
    attributes: dict[str, Attribute] = source_attributes(metadata)
    if facts.revision:
        attributes["gitops.revision"] = facts.revision
    found = Found(
        kind="sync.changed",
        facts=facts,
        message=": ".join(filter(None, (words, facts.reason, facts.message))),
        is_fine=not facts.is_failing,
        times=times,
        attributes=attributes,
        spec=summary(entries),
    )
    return tell(kind, metadata, found, before, shelves, moment)

"""What is wrong with what pods stand on: nodes, volumes, quotas, certificates; and what a warning alone tells."""

from datetime import datetime, timedelta

from kronveil.logic.kinds import (
    CERTIFICATE_EXPIRING,
    DISK_PRESSURE,
    MEMORY_PRESSURE,
    MOUNT_FAILED,
    NODE_NOT_READY,
    NOT_READY,
    PID_PRESSURE,
    QUOTA_EXCEEDED,
    SOON,
    VOLUME_PENDING,
    Symptom,
)
from kronveil.model.event import Severity
from kronveil.model.facts import CertificateFacts, ClaimFacts, NodeFacts, QuotaFacts, WarningFacts

PRESSURES = {MEMORY_PRESSURE: "MemoryPressure", DISK_PRESSURE: "DiskPressure", PID_PRESSURE: "PIDPressure"}
_SHORT_OF = {MEMORY_PRESSURE: "memory", DISK_PRESSURE: "disk space", PID_PRESSURE: "process ids"}
MOUNT_REASONS = frozenset({"FailedMount", "FailedAttachVolume"})
NOT_READY_MESSAGES = ("The node is not ready", "The node has stopped reporting")
LOST = "lost"
EXPIRES_WITHIN, EXPIRES_SOON = timedelta(days=14), timedelta(days=3)
NOT_READY_FOR = timedelta(minutes=10)


def node_symptoms(node: NodeFacts) -> tuple[Symptom, ...]:
    """Not ready, or short of something."""
    found = () if node.ready else (_not_ready_symptom(node),)
    if node.pressures:
        short = [kind for kind, condition in PRESSURES.items() if condition in node.pressures]
        return found + tuple([_pressure_symptom(kind) for kind in short])
    return found


def is_node_symptom_over(kind: str, _: str, node: NodeFacts) -> bool:
    """Whether the node says so itself: a node that has stopped reporting says nothing of its pressures."""
    if kind in PRESSURES:
        return node.ready is not None and PRESSURES[kind] not in node.pressures
    return kind == NODE_NOT_READY and node.ready is True


def _not_ready_symptom(node: NodeFacts) -> Symptom:
    message = NOT_READY_MESSAGES[node.ready is None]
    if node.message or node.reason:
        message = f"{message}: {node.message or node.reason}"
    return Symptom(NODE_NOT_READY, "node", reason=node.reason, message=message)


def _pressure_symptom(kind: str) -> Symptom:
    short_of = _SHORT_OF[kind]
    return Symptom(kind, "node", reason=PRESSURES[kind], message=f"The node is short of {short_of}", about=short_of)


def claim_symptoms(claim: ClaimFacts) -> tuple[Symptom, ...]:
    """A claim that gets no volume, or has lost it. One that waits for its first pod is well."""
    if claim.phase == "Lost":
        lost = f"The claim has lost its volume {claim.volume}".rstrip()
        return (Symptom(VOLUME_PENDING, "volume", LOST, "Lost", lost, claim.volume, after=timedelta()),)
    if claim.phase != "Pending" or claim.waits_for_consumer:
        return ()
    wanted = f" of storage class {claim.storage_class}" if claim.storage_class else ""
    message = f"The claim gets no volume{wanted}"
    return (Symptom(VOLUME_PENDING, "volume", "", "Pending", message, claim.storage_class, since=claim.created_at),)


def quota_symptoms(quota: QuotaFacts) -> tuple[Symptom, ...]:
    """A quota of which something is used up."""
    full = [name for name, share in quota.used if share >= 1]
    if not full:
        return ()
    what = ", ".join(full)
    return (Symptom(QUOTA_EXCEEDED, "scheduling", "", "UsedUp", f"The quota of {what} is used up", what),)


def certificate_symptoms(certificate: CertificateFacts) -> tuple[Symptom, ...]:
    """A certificate that ends before long, at two distances; one that cannot be made or renewed."""
    found: list[Symptom] = []
    if certificate.ready is False:
        message = ": ".join(filter(None, ("The certificate is not ready", certificate.message or certificate.reason)))
        reason = certificate.reason or "NotReady"
        found.append(
            Symptom(
                CERTIFICATE_EXPIRING, "certificate", NOT_READY, reason, message, "is not ready", after=NOT_READY_FOR
            )
        )
    end = certificate.expires_at
    if end is not None:
        found.append(_expiring(end, "", EXPIRES_WITHIN, None))
        found.append(_expiring(end, SOON, EXPIRES_SOON, Severity.CRITICAL))
    return tuple(found)


def _expiring(end: datetime, part: str, before: timedelta, worth: Severity | None) -> Symptom:
    when = end.isoformat(timespec="minutes")
    return Symptom(
        CERTIFICATE_EXPIRING,
        "certificate",
        part,
        "Expiring",
        f"The certificate ends at {when} and was not renewed",
        f"ends at {when}",
        since=end,
        after=-before,
        worth=worth,
    )


def warning_symptoms(warning: WarningFacts, message: str) -> tuple[Symptom, ...]:
    """The few warnings that are all that is ever said of a trouble."""
    if warning.reason in MOUNT_REASONS:
        return (Symptom(MOUNT_FAILED, "volume", reason=warning.reason, message=message or "A volume is not mounted"),)
    return ()


def quota_named(warning: WarningFacts, message: str) -> str | None:
    """The quota that forbade something, when that is what the warning says."""
    before, found, after = message.partition("exceeded quota: ")
    if warning.reason != "FailedCreate" or not found or not before:
        return None
    return after.split(",", 1)[0].strip() or None

"""Volume claims, quotas and certificates."""

from kronveil.collectors.kubernetes.translate.changes import source_attributes
from kronveil.collectors.kubernetes.translate.kept import (
    Kept,
    Moment,
    Shelves,
    condition,
    parse_time,
    resource_of,
    shorten,
    version_of,
)
from kronveil.collectors.kubernetes.translate.quantities import share_used
from kronveil.collectors.kubernetes.translate.telling import Found, tell
from kronveil.collectors.kubernetes.wire_platform import (
    Certificate,
    CertificateStatus,
    Claim,
    ClaimSpec,
    Quota,
    QuotaStatus,
    StorageClass,
)
from kronveil.model.facts import CertificateFacts, ClaimFacts, QuotaFacts
from kronveil.model.observation import Observation

NO_CLAIM = ClaimSpec()
NO_QUOTA = QuotaStatus()
NO_CERTIFICATE = CertificateStatus()
WAITS = "WaitForFirstConsumer"


def translate_storage_class(
    storage: StorageClass, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """Keep when it binds; it is never reported itself."""
    del shelves, moment
    resource = before.resource if before else resource_of("StorageClass", storage.metadata)
    return Kept(resource, None, version_of(storage.metadata), (storage.volume_binding_mode,)), None


def translate_claim(
    claim: Claim, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """Whether it has its volume, and whether it waits for a pod on purpose."""
    spec, metadata = claim.spec or NO_CLAIM, claim.metadata
    phase = (claim.status.phase if claim.status else None) or "Pending"
    storage = spec.storage_class_name or ""
    selected = metadata.annotations.selected_node if metadata.annotations else None
    facts = ClaimFacts(
        phase=phase,
        storage_class=storage,
        volume=spec.volume_name or "",
        created_at=parse_time(metadata.creation_timestamp),
        # Once a pod is there its node is chosen, and the waiting is no longer on purpose.
        waits_for_consumer=phase == "Pending" and not selected and _binds_late(storage, shelves),
    )
    words = "waits for its first pod" if facts.waits_for_consumer else phase.lower()
    found = Found(
        kind="claim.changed",
        facts=facts,
        message=f"{words} (storage class {storage})" if storage else words,
        is_fine=phase == "Bound",
        times=[metadata.creation_timestamp] if before is None else [],
        attributes=source_attributes(metadata),
        owner=shelves.owner_of(metadata),
    )
    return tell("PersistentVolumeClaim", metadata, found, before, shelves, moment)


def _binds_late(name: str, shelves: Shelves) -> bool:
    return any(
        kept.resource.name == name and kept.watched == (WAITS,) for kept in shelves.of("storageclasses").values()
    )


def translate_quota(
    quota: Quota, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """How much of it is used."""
    status = quota.status or NO_QUOTA
    used = status.used or {}
    shares = tuple(
        (name, share)
        for name, limit in sorted((status.hard or {}).items())
        if (share := share_used(used.get(name, 0), limit)) is not None
    )
    full = [name for name, share in shares if share >= 1]
    found = Found(
        kind="quota.changed",
        facts=QuotaFacts(shares),
        message=f"used up: {', '.join(full)}" if full else "not used up",
        is_fine=not full,
        attributes=source_attributes(quota.metadata),
    )
    return tell("ResourceQuota", quota.metadata, found, before, shelves, moment)


def translate_certificate(
    certificate: Certificate, before: Kept | None, shelves: Shelves, moment: Moment
) -> tuple[Kept, Observation | None]:
    """Whether it is there and until when. Told by the first list too: that it ends shows in nothing but time."""
    status = certificate.status or NO_CERTIFICATE
    ready = condition(status.conditions, "Ready")
    is_ready = {"True": True, "False": False}.get(ready.status) if ready else None
    facts = CertificateFacts(
        ready=is_ready,
        expires_at=parse_time(status.not_after),
        renews_at=parse_time(status.renewal_time),
        reason=(ready.reason or "") if ready and not is_ready else "",
        message=shorten(ready.message) if ready and not is_ready else "",
    )
    words = {True: "ready", False: "not ready", None: "unknown whether ready"}[is_ready]
    words += "".join(f": {part}" for part in (facts.reason, facts.message) if part)
    found = Found(
        kind="certificate.changed",
        facts=facts,
        message=f"{words}; ends at {status.not_after}" if status.not_after else words,
        is_fine=False,
        times=[ready.last_transition_time if ready else None],
        attributes=source_attributes(certificate.metadata),
    )
    return tell("Certificate", certificate.metadata, found, before, shelves, moment)

"""Made-up events, changes, incidents and silences for contract tests: each told apart by its number, none special."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kronveil.model.change import Change, Suspect
from kronveil.model.event import Event, Severity
from kronveil.model.facts import FieldChange
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus, Moment
from kronveil.model.resource import Origin, Resource
from kronveil.model.silence import Silence

START = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)
IN_A_LONG_TIME = datetime(2999, 1, 1, tzinfo=UTC)
COUNTER = "events:uid-of-east"


def moment(number: int) -> datetime:
    """One second apart, with microseconds that must survive."""
    return START + timedelta(seconds=number)


def event(number: int, *, series: str = "event", cluster: str = "east") -> Event:
    """An event received at ``moment(number)`` that fills every field."""
    return Event(
        id=f"{series}-{number}",
        kind="pod.oom_killed",
        severity=Severity.HIGH,
        at=moment(number) - timedelta(milliseconds=250),
        received_at=moment(number),
        origin=Origin("kubernetes", cluster, f"uid-of-{cluster}", "eu-west-1"),
        resource=Resource("Pod", f"checkout-{number}", "shop", f"pod-uid-{number}"),
        owner=Resource("Deployment", "checkout", "shop", "deployment-uid"),
        message='killed: "über" the limit\nof 64Mi',
        attributes={"container": "app", "restarts": number, "share": 0.5, "is_init": False, "node": None},
    )


def change(number: int, *, cluster: str = "east", namespace: str | None = "shop") -> Change:
    """A change made at ``moment(number)`` and heard of three seconds later; it fills every field."""
    return Change(
        id=f"change-{number}",
        kind="image",
        at=moment(number),
        received_at=moment(number + 3),
        origin=Origin("kubernetes", cluster, f"uid-of-{cluster}", "eu-west-1"),
        resource=Resource("Deployment", f"checkout-{number}", namespace, f"deployment-uid-{number}"),
        summary="the image of app: 1.4.2 -> 1.5.0",
        fields=(FieldChange("image", "spec.template.spec.containers[app].image", "shop:1.4.2", "shop:1.5.0"),),
        actor="kubectl-edit",
        source="helm",
        owner=Resource("Application", "shop", "argocd", "application-uid"),
    )


def silence(number: int, *, ends_at: datetime) -> Silence:
    """A silence from ``moment(number)`` that fills every field."""
    return Silence(
        id=f"silence-{number}",
        starts_at=moment(number),
        ends_at=ends_at,
        created_by="ada",
        reason="the disks are exchanged",
        cluster="east-*",
        namespace="shop",
        owner="checkout*",
        kind="node.*",
        is_maintenance=True,
    )


def suspicion(number: int) -> Suspect:
    """A suspect that names ``change(number)``, and what speaks for and against it."""
    for_it, against_it = (f"event-{number}",), (f"change-{number + 1}",)
    return Suspect(f"change-{number}", "the image of app", 0.75, ("same owner",), for_it, against_it)


def incident(number: int, *, series: str = "incident", cites: tuple[str, ...] = ()) -> Incident:
    """An open incident opened at ``moment(number)`` that cites events."""
    about = Resource("Deployment", f"checkout-{number}", "shop", f"deployment-uid-of-{series}-{number}")
    return Incident(
        id=f"{series}-{number}",
        key=f"uid-of-east/{about.uid}/memory",
        kind="pod.oom_killed",
        family="memory",
        title=f"checkout-{number} runs out of memory",
        severity=Severity.HIGH,
        status=IncidentStatus.OPEN,
        cluster=ClusterRef("uid-of-east", "east", "eu-west-1"),
        resource=about,
        opened_at=moment(number),
        updated_at=moment(number),
        event_count=len(cites),
        conditions=(Condition("pod.oom_killed", about, "app", moment(number), moment(number), mark="x"),),
        evidence=cites,
        timeline=(Moment(moment(number), "opened", "first seen", event_id=cites[0] if cites else None),),
    )


def resolved(open_one: Incident, at: datetime) -> Incident:
    """The same incident, resolved."""
    return replace(
        open_one, status=IncidentStatus.RESOLVED, resolved_at=at, updated_at=at, version=open_one.version + 1
    )

"""Made-up events and incidents for contract tests: each different by its number, none of them special."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kronveil.model.event import Event, Severity
from kronveil.model.incident import ClusterRef, Condition, Incident, IncidentStatus, Moment
from kronveil.model.resource import Origin, Resource

START = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


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


def incident(number: int, *, series: str = "incident", cites: tuple[str, ...] = ()) -> Incident:
    """An open incident opened at ``moment(number)`` that cites events."""
    about = Resource("Deployment", f"checkout-{number}", "shop", f"deployment-uid-{number}")
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

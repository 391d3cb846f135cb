"""A source of ours that falls silent or gets stuck is an incident of its own, with a life like any other."""

from datetime import timedelta

from kronveil.logic.triage import KindRule, Rules, Triage
from kronveil.model.event import Severity
from kronveil.model.facts import ReachFacts, SourceFacts, SourceTrouble
from kronveil.model.incident import IncidentStatus
from kronveil.model.resource import Origin, Resource
from kronveil.model.silence import Silence
from tests.logic.scenes import Stage, at, whats

COLLECTOR = Resource("Collector", "us-east-prod")
CLUSTER = Resource("Cluster", "us-east-prod")
NAMELESS = Origin("kubernetes", "us-east-prod")
ALL = frozenset({"pods", "nodes"})


def trouble(kind: str = "watch.stalled", part: str = "nodes", since: float = 0) -> SourceTrouble:
    return SourceTrouble(kind, part, at(since), f"{part}: nothing heard")


def fine(*parts: str, kinds: frozenset[str] | None = ALL) -> SourceFacts:
    return SourceFacts((), frozenset(("watch.stalled", part) for part in parts), kinds)


def test_a_silent_kind_opens_an_incident_of_its_own_that_its_next_word_ends() -> None:
    stage = Stage()
    stage.sees(300, COLLECTOR, SourceFacts((trouble(),), frozenset(), ALL))
    incident = stage.only()
    assert (incident.kind, incident.family, incident.severity) == ("watch.stalled", "reach", Severity.HIGH)
    assert incident.title == "Cluster us-east-prod answers, but nothing is heard of its nodes"
    assert incident.resource == COLLECTOR
    stage.sees(310, COLLECTOR, fine("pods"))
    stage.tick(400)
    assert stage.only().status is IncidentStatus.OPEN
    stage.sees(420, COLLECTOR, fine("pods", "nodes"))
    stage.tick(481)
    assert stage.only().status is IncidentStatus.RESOLVED
    assert whats(stage.only()) == ["opened", "recovered", "resolved"]


def test_several_silent_kinds_are_one_incident_with_a_condition_each() -> None:
    stage = Stage()
    stage.sees(300, COLLECTOR, SourceFacts((trouble(),), frozenset(), ALL))
    stage.sees(301, COLLECTOR, SourceFacts((trouble(), trouble(part="pods")), frozenset(), ALL))
    assert sorted(one.part for one in stage.only().conditions) == ["nodes", "pods"]


def test_what_a_source_says_is_no_news_while_nothing_is_wrong() -> None:
    stage = Stage()
    assert stage.sees(1, COLLECTOR, fine("pods")) == []
    assert stage.sees(2, COLLECTOR, fine("pods", "nodes")) == []


def test_a_cluster_that_answers_says_nothing_of_its_silent_kinds_nor_the_other_way_round() -> None:
    stage = Stage()
    stage.sees(300, COLLECTOR, SourceFacts((trouble(),), frozenset(), ALL))
    stage.sees(310, CLUSTER, ReachFacts("unreachable", "refused"))
    stage.sees(320, COLLECTOR, SourceFacts())
    assert stage.kinds() == ["watch.stalled", "cluster.unreachable"]
    stage.sees(330, CLUSTER, ReachFacts("live"))
    stage.tick(400)
    assert [one.status for one in stage.incidents().values()] == [IncidentStatus.OPEN, IncidentStatus.RESOLVED]


def test_a_kind_that_is_not_watched_any_more_is_not_missed() -> None:
    stage = Stage()
    stage.sees(300, COLLECTOR, SourceFacts((trouble(),), frozenset(), ALL))
    stage.sees(310, COLLECTOR, fine("pods", kinds=frozenset({"pods"})))
    stage.tick(371)
    assert stage.only().status is IncidentStatus.RESOLVED


def test_after_a_restart_the_incident_goes_on_until_the_kind_is_heard() -> None:
    stage = Stage()
    stage.sees(300, COLLECTOR, SourceFacts((trouble(),), frozenset(), ALL))
    stage.restart()
    # The uid is learned again only after a while.
    stage.sees(305, COLLECTOR, SourceFacts(), origin=NAMELESS)
    stage.tick(400)
    assert stage.only().status is IncidentStatus.OPEN
    stage.sees(410, COLLECTOR, fine("nodes"))
    stage.tick(471)
    assert stage.only().status is IncidentStatus.RESOLVED


def test_a_report_after_the_clock_was_set_back_still_ends_what_is_over() -> None:
    stage = Stage()
    stage.sees(300, COLLECTOR, SourceFacts((trouble(),), frozenset(), ALL), key="us-east-prod@x@7")
    stage.sees(250, COLLECTOR, fine("nodes"), key="us-east-prod@y@8")
    assert stage.only().conditions[0].cleared_at == at(250)


def test_an_operator_may_put_up_with_more_or_with_everything() -> None:
    patient = Stage(Triage(Rules(kinds={"collector.stalled": KindRule(after=timedelta(minutes=5))})))
    stuck = trouble("collector.stalled", "", since=100)
    patient.sees(160, COLLECTOR, SourceFacts((stuck,)))
    patient.tick(399)
    assert patient.incidents() == {}
    patient.tick(401)
    assert patient.only().kind == "collector.stalled"
    deaf = Stage(Triage(Rules(kinds={"watch.stalled": KindRule(enabled=False)})))
    deaf.sees(300, COLLECTOR, SourceFacts((trouble(),), frozenset(), ALL))
    assert deaf.incidents() == {}


def test_a_maintenance_silence_hushes_it() -> None:
    stage = Stage()
    silence = Silence("sil_1", at(0), at(900), "ada", "upgrade", cluster="us-east-*", is_maintenance=True)
    stage.triage.set_silences([silence], at(0))
    stage.sees(300, COLLECTOR, SourceFacts((trouble(),), frozenset(), ALL))
    assert stage.only().is_silenced

"""The dead-man of each cluster, kind and collector: what is told of silence, and what silence says nothing of."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kronveil.logic.liveness import Liveness
from kronveil.model.facts import SourceFacts
from kronveil.model.fleet import Books, ClusterState, Judged, KindStanding, Look, Pause, Reason, Standing
from tests.logic.scenes import START, at

LIVE, PARTIAL, STALE, UNREACHABLE, UNKNOWN = ClusterState
FOREVER = 10**9


class Watch:
    """A cluster whose kinds tell something each second until they fall silent; a look each second."""

    def __init__(self) -> None:
        self.liveness = Liveness()
        self.silent_from: dict[str, float] = {"pods": FOREVER, "nodes": FOREVER, "events": FOREVER}
        self.changed: dict[str, Mapping[str, object]] = {}
        self.cluster_silent_from: float = FOREVER
        self.standing = Standing(uid="uid-east")
        self.books = Books()
        self.more: dict[str, object] = {}
        self.facts = SourceFacts()
        self.judged = Judged(UNKNOWN)
        self.offset_s = 0.0
        self.last_word_at: float | None = None
        self.now_s = 0.0

    def until(self, seconds: float, step_s: float = 1) -> "Watch":
        while self.now_s < seconds:
            self.now_s = min(self.now_s + step_s, seconds)
            self._beat()
        return self

    def told(self) -> set[tuple[str, str]]:
        return {(one.kind, one.part) for one in self.facts.troubles}

    def look(self) -> Look:
        kinds = {
            name: replace(
                KindStanding(synced=True, count=1, heard_at=self._heard_at(until)),
                **self.changed.get(name, {}),  # type: ignore[arg-type]
            )
            for name, until in self.silent_from.items()
        }
        heard_at = self._heard_at(self.cluster_silent_from)
        minute = timedelta(minutes=1)
        standing = replace(self.standing, kinds=kinds, heard_at=heard_at)
        look = Look("east", standing, self.books, START, minute, 3 * minute, 5 * minute)
        return replace(look, **self.more)  # type: ignore[arg-type]

    def _heard_at(self, silent_from: float) -> datetime:
        if self.last_word_at is not None:
            return at(self.last_word_at)
        return at(min(self.now_s, silent_from) + self.offset_s)

    def _beat(self) -> None:
        now = at(self.now_s + self.offset_s)
        self.liveness.begin(now)
        look = self.look()
        self.judged = self.liveness.judge(look, self.facts, now)
        self.facts = self.liveness.look(look, self.judged.state, now)
        self.judged = self.liveness.judge(look, self.facts, now)


def test_a_kind_that_falls_silent_while_its_cluster_answers_is_told_after_its_time() -> None:
    watch = Watch()
    watch.silent_from["nodes"] = 100
    assert watch.until(399).told() == set()
    assert watch.judged == Judged(LIVE)
    assert watch.until(402).told() == {("watch.stalled", "nodes")}
    assert (watch.judged.state, watch.judged.reason) == (PARTIAL, Reason.KIND_SILENT)
    assert watch.judged.why == "nodes: nothing heard for 5 min while the cluster answers"
    [trouble] = watch.facts.troubles
    assert trouble.since == at(100)
    watch.silent_from["nodes"] = FOREVER
    watch.until(403)
    assert ("watch.stalled", "nodes") in watch.facts.well
    assert watch.judged == Judged(LIVE)


def test_a_kind_is_not_missed_while_the_cluster_itself_is_silent_nor_just_after() -> None:
    watch = Watch()
    watch.cluster_silent_from = 100
    watch.silent_from = dict.fromkeys(watch.silent_from, 100)
    watch.until(900)
    assert (watch.judged.state, watch.told(), watch.facts.kinds) == (UNREACHABLE, set(), None)
    # It answers again; its kinds have their whole time to do so too.
    watch.cluster_silent_from = FOREVER
    assert watch.until(1190).told() == set()
    assert watch.until(1210).told() == {("watch.stalled", name) for name in ("pods", "nodes", "events")}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"is_forbidden": True, "error": "forbidden"}, id="we may not read it"),
        pytest.param({"is_served": False}, id="the cluster has no such kind"),
        pytest.param({"heard_at": None, "is_needed": False}, id="never heard and not needed"),
    ],
)
def test_a_kind_that_cannot_be_heard_is_not_missed(change: Mapping[str, object]) -> None:
    watch = Watch()
    watch.silent_from["nodes"], watch.changed["nodes"] = 0, change
    assert watch.until(1000).told() == set()
    assert watch.facts.kinds == frozenset({"pods", "events"})


def test_a_needed_kind_that_was_never_heard_is_missed_with_its_error() -> None:
    watch = Watch()
    watch.changed["pods"] = {"heard_at": None, "synced": False, "error": "500"}
    assert watch.until(300).told() == set()
    assert watch.until(302).told() == {("watch.stalled", "pods")}
    assert watch.facts.troubles[0].message.endswith("while the cluster answers (500)")


def test_a_paused_cluster_is_missed_by_nobody_and_has_its_whole_time_when_it_is_resumed() -> None:
    watch = Watch()
    watch.until(10)
    watch.more["pause"] = Pause("ada", at(10), "upgrade")
    watch.cluster_silent_from = 10
    watch.silent_from = dict.fromkeys(watch.silent_from, 10)
    watch.until(1000)
    assert watch.judged == Judged(UNREACHABLE, "paused by ada: upgrade", Reason.PAUSED, is_news=False)
    assert watch.facts == SourceFacts()
    del watch.more["pause"]
    watch.cluster_silent_from = FOREVER
    assert watch.until(1290).told() == set()


def test_frames_that_get_stuck_on_their_way_are_told_and_others_that_get_through_are_not() -> None:
    watch = Watch()
    watch.more.update(is_held_up=True)
    watch.books = Books(received=10, merged=3, in_flight=7)
    watch.until(30)
    watch.more["landed"] = 5
    assert watch.until(89).told() == set()
    assert watch.until(92).told() == {("collector.stalled", "")}
    watch.books = Books(received=10, delivered=7, merged=3)
    watch.more.update(is_held_up=False, landed=12)
    watch.until(93)
    assert ("collector.stalled", "") in watch.facts.well


def test_a_cluster_that_the_agent_holds_up_is_not_told_as_unreachable() -> None:
    watch = Watch()
    watch.until(10)
    watch.more["is_held_up"] = True
    watch.cluster_silent_from = 10
    watch.until(400)
    assert (watch.judged.state, watch.judged.reason, watch.judged.is_news) == (UNREACHABLE, Reason.HELD_UP, False)


def test_books_that_do_not_balance_are_told_until_they_do() -> None:
    watch = Watch()
    watch.books = Books(received=10, merged=3, delivered=5, dropped={"undecodable": 1})
    assert watch.until(1).told() == {("books.unbalanced", "")}
    assert watch.facts.troubles[0].message == "10 frames received, but 9 accounted for"
    watch.books = Books(received=10, merged=3, delivered=6, dropped={"undecodable": 1})
    watch.until(2)
    assert ("books.unbalanced", "") in watch.facts.well


@pytest.mark.parametrize("jump_s", [3600, -3600, 50_000])
def test_a_clock_that_jumps_makes_nobody_silent(jump_s: float) -> None:
    watch = Watch()
    watch.until(100)
    # What was heard before the jump was dated by the clock as it was.
    watch.last_word_at = 100
    watch.offset_s = jump_s
    for _ in range(30):
        watch.until(watch.now_s + 1)
        assert watch.told() == set()
        assert watch.judged.state is not UNREACHABLE or not watch.judged.is_news
    watch.last_word_at = None
    watch.until(watch.now_s + 1)
    assert watch.judged.state is LIVE


def test_a_cluster_that_dies_after_the_clock_was_set_back_is_missed_all_the_same() -> None:
    watch = Watch()
    watch.until(100)
    # Dead since: what it said last is an hour ahead of the clock.
    watch.last_word_at, watch.offset_s = 100, -3600
    assert watch.until(150).judged.state is LIVE
    watch.until(300)
    assert (watch.judged.state, watch.judged.is_news) == (UNREACHABLE, True)


@pytest.mark.parametrize(
    ("skew_s", "why"),
    [
        (-90.0, "its clock is 90 s behind this agent's: the times it tells are off"),
        (600.0, "its clock is 10 min ahead of this agent's: the times it tells are off"),
        (-29.0, None),
        (None, None),
    ],
)
def test_a_clock_that_is_far_off_is_told(skew_s: float | None, why: str | None) -> None:
    watch = Watch()
    watch.standing = replace(watch.standing, skew_s=skew_s)
    assert watch.until(5).judged == Judged(LIVE, why, Reason.CLOCK_SKEW if why else None, is_news=False)


def test_a_cluster_never_heard_from_stays_unknown_and_says_what_tells_of_it() -> None:
    liveness, minute = Liveness(), timedelta(minutes=1)
    look = Look("east", Standing(error="refused"), Books(), START, minute, 3 * minute, 5 * minute)
    for second in range(200):
        liveness.begin(at(second))
        assert liveness.look(look, UNKNOWN, at(second)).troubles == ()
    assert liveness.judge(look, SourceFacts(), at(100)) == Judged(UNKNOWN, "refused", Reason.NEVER_HEARD)
    assert liveness.judge(look, SourceFacts(), at(200)) == Judged(
        UNKNOWN, "refused; never heard from so far (told as cluster.unreachable)", Reason.NEVER_HEARD
    )

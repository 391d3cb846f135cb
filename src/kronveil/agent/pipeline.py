"""The one task that judges, saves and shows: batches in, effects out, durable before anything is seen.

Before it: intake and people's acts. After it: the store, then the live stream.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import anyio
import structlog

from kronveil.agent.desk import Act, KeyReused, NotFound, Refused, Stage
from kronveil.agent.intake import Arrival, Clock, Intake
from kronveil.agent.judge import Judge, audited, carry_out, is_told_elsewhere
from kronveil.agent.latency import LatencyHistogram
from kronveil.agent.live import Live
from kronveil.agent.silencing import Order, Silencing
from kronveil.agent.turn import Judged, Request, Work
from kronveil.model.effects import Effect, MergeEvent, RecordEvent
from kronveil.model.incident import Incident
from kronveil.model.silence import Silence
from kronveil.sdk.backoff import Backoff
from kronveil.sdk.errors import KronveilError, PluginError, Transient
from kronveil.sdk.storage import Receipt, Record, Store, Unstorable

BATCH = 500
BEAT_S = 0.5
ACT_DEADLINE_S = 10
log = structlog.get_logger()


class Pipeline:
    """Owns the judgement's state. Everything that changes it passes through ``run``, one after the other."""

    def __init__(  # noqa: PLR0913 - the five things it joins, and what a judge may refuse with
        self,
        *,
        judge: Judge,
        refusal: type[Exception],
        intake: Intake,
        store: Store,
        live: Live,
        clock: Clock,
        counters: Counter[str],
        heard: Callable[[], Mapping[str, datetime]],
        silences: Sequence[Silence] = (),
        watched: Callable[[], tuple[Mapping[str, str], Mapping[str, str]]] | None = None,
    ) -> None:
        self._watched = watched
        self._silencing = Silencing(silences)
        self._judge = judge
        self._refusal = refusal
        self._intake = intake
        self._store = store
        self._live = live
        self._clock = clock
        self._heard = heard
        self._requests: list[Request] = []
        self._beat_at: datetime | None = None
        self._heard_saved: dict[str, datetime] = {}
        self._is_idle = True
        self.counters = counters
        self.on_incidents: Callable[[Iterable[Incident]], None] | None = None
        """Told of every incident that was shown, after it was."""
        self.latency = LatencyHistogram()
        self.opened = 0
        self.trouble: str | None = None
        self.trouble_since: datetime | None = None
        self.beat_trouble: str | None = None
        self.beaten_at: datetime | None = None
        self.saved_at: datetime | None = None

    def held(self) -> Sequence[Incident]:
        """Incidents in memory: open ones, and those that may still reopen."""
        return self._judge.held()

    def incident(self, incident_id: str) -> Incident | None:
        """One of those."""
        return self._judge.incident(incident_id)

    async def run(self) -> None:
        """Judge, save and show until cancelled."""
        while True:
            with anyio.move_on_after(BEAT_S):
                await self._intake.wait()
            await self._turn()

    async def drain(self) -> None:
        """Return when everything handed over so far is settled."""
        while len(self._intake) or not self._is_idle:
            self._intake.wake()
            await anyio.sleep(0.01)

    async def act(self, act: Act) -> Incident:
        """See ``Desk.act``."""
        if not _is_text(act.incident_id, act.actor, act.reason, act.key or ""):
            raise Refused("this holds half of a character (a lone surrogate), which cannot be stored; send whole text")
        self._refuse_in_trouble()
        request = Request(act)
        self._requests.append(request)
        self._intake.wake()
        with anyio.move_on_after(ACT_DEADLINE_S):
            await request.answered.wait()
        if request.problem is not None:
            raise request.problem
        if request.incident is None:
            raise Transient("the store did not confirm in time; ask again to learn whether it was done")
        return request.incident

    def _refuse_in_trouble(self) -> None:
        if self.trouble:
            raise Transient(f"nothing can be changed now: {self.trouble}", retry_after=timedelta(seconds=5))

    async def _turn(self) -> None:
        self._is_idle = False
        arrivals = self._intake.take(BATCH)
        requests, self._requests = self._requests, []
        work, judged = self._decide(arrivals)
        for request in requests:
            await self._carry_out(request, work)
        orders = self._hush(work)
        now = self._clock()
        if self._beat_at is None or now - self._beat_at >= timedelta(seconds=BEAT_S) or now < self._beat_at:
            self._beat_at = now
            self._beat(work, now)
        await self._save(work)
        for each in judged:
            each.settle(work.given_up)
        self._show(work, now)
        self._silencing.give_up(work.given_up)
        for request in requests:
            request.learn(work.given_up)
        for order in orders:
            order.learn(work.given_up)
        self._is_idle = True

    def _beat(self, work: Work, now: datetime) -> None:
        """What time brings about. A beat that breaks ends neither the agent nor what it observes; health says so."""
        try:
            work.add(self._judge.tick(now))
            if self._watched is not None:
                work.add(self._judge.watch(*self._watched(), now))
        except Exception as error:
            if self.beat_trouble is None:
                log.exception("pipeline.beat_broke")
            self.beat_trouble = f"recoveries and what must last are not judged: {type(error).__name__} (see the log)"
        else:
            self.beat_trouble, self.beaten_at = None, now

    def _decide(self, arrivals: Sequence[Arrival]) -> tuple[Work, list[Judged]]:
        work = Work()
        judged: list[Judged] = []
        for arrival in arrivals:
            try:
                effects = self._judge.consider(arrival.observation, arrival.origin, arrival.received_at)
            except Exception:  # one observation that breaks the judgement must not blind the agent to all others
                log.exception("pipeline.not_judged", key=arrival.observation.key, cluster=arrival.origin.cluster_name)
                if arrival.is_booked:
                    arrival.source.ledger.abandon("could not be judged", 1)
                continue
            is_repeat = work.add(effects)
            if arrival.is_booked:
                judged.append(Judged(arrival, is_repeat, effects))
            if any(_is_counted(effect) for effect in effects):
                work.counters[f"events:{arrival.origin.cluster_uid or arrival.origin.cluster_name}"] += 1
        return work, judged

    async def _carry_out(self, request: Request, work: Work) -> None:
        act, now = request.act, self._clock()
        digest = sha256(
            f"{act.incident_id}\x1f{act.verb}\x1f{act.actor}\x1f{act.reason}{_and(act.others)}".encode()
        ).hexdigest()
        try:
            if act.key is not None:
                known = next((r for r in work.receipts if r.key == act.key), None) or await self._store.receipt(act.key)
                if known is not None and known.request != digest:
                    raise KeyReused("this Idempotency-Key was used before for another request; send a new key")
                if known is not None:
                    request.incident = await self._find(act.incident_id, work)
                    return
                receipt = Receipt(act.key, digest, act.incident_id, now)
            else:
                receipt = None
            before = self._judge.incident(act.incident_id)
            work.add(carry_out(self._judge, act, now))
            request.incident = await self._find(act.incident_id, work)
            if not is_told_elsewhere(act):
                work.audit.append(audited(act, before, request.incident, now))
            if receipt is not None:
                work.receipts.append(receipt)
        except self._refusal as refusal:
            request.problem = await self._explain(act, str(refusal))
        except KronveilError as problem:
            request.problem = problem

    def _hush(self, work: Work) -> list[Order]:
        """Begin and end the silences that people asked for, all of this turn at once."""
        orders = self._silencing.take()
        good = [order for order in orders if order.problem is None]
        work.silences += [order.begins for order in good if order.begins is not None]
        work.silences_ended += [order.ends for order in good if order.begins is None]
        work.audit += [order.note(self._clock()) for order in good]
        if good:
            now = self._clock()
            work.add(self._judge.set_silences(self._silencing.current(now), now))
        return orders

    async def silence(self, order: Order) -> None:
        """Carry out an order about a silence; returns when it is durable. Raises NotFound, Refused, Transient."""
        self._refuse_in_trouble()
        self._silencing.ask(order)
        self._intake.wake()
        with anyio.move_on_after(ACT_DEADLINE_S) as patience:
            await order.answered.wait()
        if order.problem is not None:
            raise order.problem
        if patience.cancelled_caught:
            raise Transient("the store did not confirm in time; look at the silences to learn whether it was done")

    def explain(self, event_id: str) -> Sequence[Stage] | None:
        """See ``Desk.explain``."""
        return self._judge.explain(event_id)

    async def _explain(self, act: Act, refusal: str) -> KronveilError:
        """Tell an unknown incident from one that may not be changed any more."""
        if self._judge.incident(act.incident_id) is not None:
            return Refused(refusal)
        stored = await self._store.incident(act.incident_id)
        if stored is None:
            return NotFound(f"There is no incident {act.incident_id!r}.")
        return Refused(f"{act.incident_id} is {stored.status} since long; it can no longer be changed")

    async def _find(self, incident_id: str, work: Work) -> Incident:
        found = work.incidents.get(incident_id) or self._judge.incident(incident_id)
        found = found or await self._store.incident(incident_id)
        if found is None:
            raise NotFound(f"There is no incident {incident_id!r}.")
        return found

    async def _save(self, work: Work) -> None:
        """Make it durable, however long that takes: until then nothing is shown and collectors wait for room."""
        heard = {uid: at for uid, at in self._heard().items() if self._is_news(uid, at)}
        if work.is_empty and not heard:
            return
        backoff = Backoff()
        while True:
            try:
                await self._store.save(work.writes(heard))
            except PluginError as error:
                if isinstance(error, Unstorable) and work.give_up(error.records):
                    log.warning("store.cannot_store", error=str(error), records=len(error.records))
                    heard = {uid: at for uid, at in heard.items() if Record("cluster", uid) not in work.given_up}
                    continue
                self.trouble = str(error)
                self.trouble_since = self.trouble_since or self._clock()
                log.warning("store.save_failed", error=str(error), waiting=len(self._intake))
                await anyio.sleep(backoff.next_s())
            else:
                break
        self.trouble = self.trouble_since = None
        self.saved_at = self._clock()
        self._heard_saved.update(heard)
        self.counters.update(work.counters)

    def _is_news(self, uid: str, at: datetime) -> bool:
        """Whether a sign of life is worth a write: once in five seconds says enough after a restart."""
        saved = self._heard_saved.get(uid)
        return saved is None or at - saved >= timedelta(seconds=5)

    def _show(self, work: Work, now: datetime) -> None:
        shown_at = self._clock()
        for event in work.shown:
            self.latency.note(event.id, (shown_at - event.received_at).total_seconds())
        self.opened += len(work.opened.intersection(work.incidents))
        self._live.publish("event", work.shown, now)
        self._live.publish("incident", work.incidents.values(), now)
        self._live.publish("change", work.changes, now)
        if self.on_incidents is not None and work.incidents:
            self.on_incidents(work.incidents.values())


def _is_counted(effect: Effect) -> bool:
    """Whether it is an event more: not the very same report again, as of a cluster that is watched under two names."""
    return isinstance(effect, RecordEvent) or (isinstance(effect, MergeEvent) and effect.into != effect.event.id)


def _is_text(*parts: str) -> bool:
    try:
        "".join(parts).encode()
    except UnicodeEncodeError:
        return False
    return True


def _and(others: Sequence[str]) -> str:
    return "".join(f"\x1f{other}" for other in others)

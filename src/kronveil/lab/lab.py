"""The open lab: clusters with their servers, the story's timeline, and the one task that lets time pass."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio

from kronveil.lab.kubeconfig import kubeconfig
from kronveil.lab.population import populate
from kronveil.lab.server.access import Access
from kronveil.lab.server.app import ClusterApi
from kronveil.lab.server.listener import LOOPBACK, Listener
from kronveil.lab.server.tls import Authority
from kronveil.lab.server_moves import ServerMove
from kronveil.lab.simulation import Simulation
from kronveil.lab.story import Story, TimedMove
from kronveil.lab.times import Clock, VirtualClock, wall_clock
from kronveil.lab.usage import Usage
from kronveil.lab.world import Backup, Change, NotFoundError, World

USER = "system:serviceaccount:kronveil:kronveil-read"


class LabCluster:
    """One simulated cluster, its server, and the ways to make it misbehave."""

    def __init__(self, name: str, simulation: Simulation, *, version: str, authority: Authority | None) -> None:
        self.name = name
        self.simulation = simulation
        self.api = ClusterApi(simulation.world, Access(_token(simulation.world, 0), user=USER), version=version)
        self.listener = Listener(
            self.api, authority.server_context() if authority else None, abandon=self.api.faults.abandon
        )
        self.api.usage = self.api.kubelets = Usage(simulation)
        self.skew = timedelta()
        """How far its clocks are ahead of the lab's."""
        self._backup: Backup | None = None
        self._scheme = "https" if authority else "http"

    @property
    def world(self) -> World:
        """The cluster's objects."""
        return self.simulation.world

    @property
    def region(self) -> str:
        """The region its nodes are labelled with."""
        return self.world.region

    @property
    def url(self) -> str:
        """Where its API is served."""
        return f"{self._scheme}://{LOOPBACK}:{self.listener.port}"

    @property
    def token(self) -> str:
        """The bearer token that is valid now."""
        return self.api.access.token

    async def stop_server(self) -> None:
        """Refuse connections and cut those there are; the world lives on."""
        await self.listener.stop()

    async def start_server(self) -> None:
        """Serve on the same port again."""
        await self.listener.start()

    def forbid(self, plural: str) -> None:
        """Answer 403 to every request about a kind (``events``), or only in one group (``events.k8s.io/events``,
        ``/events`` for the core group). Watches that are open go on."""
        self.api.faults.forbidden.add(plural)

    def allow(self, plural: str) -> None:
        """Take ``forbid`` back."""
        self.api.faults.forbidden.discard(plural)

    def deny_writes(self, plural: str, words: str | None) -> None:
        """Have an admission webhook deny every write of a kind, rehearsed ones too; None: no longer."""
        _put(self.api.faults.denied, plural, words)

    def warn_of_writes(self, plural: str, words: str | None) -> None:
        """Have an admission webhook warn at every write of a kind; None: no longer."""
        _put(self.api.faults.warned, plural, words)

    def expire_token(self, new_token: str) -> None:
        """Answer 401 to the token so far. A kubeconfig written before keeps it until it is written again."""
        self.api.access.token = new_token

    def garble_next_watch_frame(self) -> None:
        """Cut the next watch frame so that it is no JSON."""
        self.api.faults.plan("garble", 1)

    def repeat_watch_frames(self, times: int = 1) -> None:
        """Send the next frames twice each."""
        self.api.faults.plan("repeat", times)

    def swap_watch_frames(self, times: int = 1) -> None:
        """Send the next frame after the one that follows it on the same watch; so many times."""
        self.api.faults.plan("swap", times)

    def cut_next_watch_frame(self) -> None:
        """Send half of the next frame, then reset the connection."""
        self.api.faults.plan("cut", 1)

    def close_watches_at_once(self, times: int = 1) -> None:
        """Accept the next watches and end them at once, in good order."""
        self.api.faults.plan("close", times)

    def enlarge_next_watch_frame(self, size: int = 100_000_000) -> None:
        """Blow the next frame up to so many bytes, made while they are sent."""
        self.api.faults.enlarge(size)

    def silence_watches(self, plural: str = "") -> None:
        """Half-open: watches (of one kind) are accepted and stay open, and nothing comes on them, not even a bookmark.
        Other requests are answered."""
        self.api.faults.silence(plural)

    def unsilence_watches(self) -> None:
        """Send what was kept back, and go on."""
        self.api.faults.unsilence()

    def throttle(self, times: int = 1, *, retry_after_s: float = 1) -> None:
        """Answer the next requests with 429 and Retry-After."""
        self.api.faults.refuse(times, 429, retry_after_s=retry_after_s)

    def fail(self, times: int = 1, *, code: int = 503) -> None:
        """Answer the next requests with a server's error."""
        self.api.faults.refuse(times, code)

    def trickle(self, bytes_per_s: float | None) -> None:
        """Send watches and lists so slowly; None: as fast as ever."""
        self.api.faults.bytes_per_s = bytes_per_s

    def skew_clock(self, seconds: float) -> None:
        """Set the cluster's clocks so much ahead of (or behind) the lab's: timestamps and the Date header."""
        by = timedelta(seconds=seconds) - self.skew
        self.skew += by
        self.simulation.shift(by)

    def take_backup(self) -> None:
        """Keep everything as it is now for ``restore_backup``."""
        self._backup = self.world.backup()

    def restore_backup(self) -> None:
        """Be as at the last ``take_backup``, as after restoring etcd: the same uid, older objects and versions."""
        if self._backup is None:
            raise RuntimeError("there is no backup; call take_backup first")
        self.world.restore(self._backup)
        self.drop_watches()

    def drop_watches(self) -> int:
        """Reset the TCP connection of every open watch; answers how many."""
        return self.api.faults.drop_watches()

    def compact(self) -> None:
        """Forget all old versions: watches from them, and lists half read, get 410."""
        self.world.compact()

    def set_streaming_lists(self, *, offered: bool) -> None:
        """Whether watches may begin with a streamed list (``sendInitialEvents``); an old server answers 422."""
        self.api.streams_lists = offered

    def serve_metrics(self, *, served: bool) -> None:
        """Whether there is metrics.k8s.io at all; without it, its paths answer 404. Forbidden it is by
        ``forbid("metrics.k8s.io/pods")``, and what kubelets say by ``forbid("nodes/proxy")``."""
        self.api.usage = Usage(self.simulation) if served else None

    def hang_metrics(self) -> None:
        """Answer nothing about metrics.k8s.io, and everything else as ever."""
        self.api.faults.hang_metrics()

    def unhang_metrics(self) -> None:
        """Answer again."""
        self.api.faults.unhang_metrics()

    def hang(self) -> None:
        """Accept connections and requests, and answer nothing."""
        self.api.faults.hang()

    def unhang(self) -> None:
        """Answer again, first of all what was asked meanwhile."""
        self.api.faults.unhang()


class Lab:
    """A story being told."""

    def __init__(
        self, story: Story, clusters: dict[str, LabCluster], *, clock: Clock, speed: float, authority: Authority | None
    ) -> None:
        self.story = story
        self.clusters = clusters
        self.finished = anyio.Event()
        """Set when the timeline has ended; never for a story that repeats."""
        self.started_at = clock()
        self.skipped: list[str] = []
        """Moves that could not be made, because somebody had removed what they are about."""
        self._clock = clock
        self._speed = speed
        self._authority = authority
        self._round_began = self.started_at
        self._coming = list(story.timeline)
        self._wake = anyio.Event()
        self._stepping = False
        self._to_act: list[tuple[LabCluster, ServerMove]] = []
        for cluster in clusters.values():
            cluster.world.on_change(self._on_change)
            cluster.api.clock = partial(_time_of, cluster, clock)
            cluster.api.catch_up = self._catch_up

    def write_kubeconfig(
        self, path: Path | str, *, credentials: str = "token", contexts: dict[str, str] | None = None
    ) -> None:
        """Write a kubeconfig with one context for each cluster, named like it or as ``contexts`` renames it.

        ``credentials``: ``token``, ``token-file`` (kept beside the kubeconfig), or ``certificate`` (with TLS only).
        """
        kubeconfig(Path(path), self.clusters, self._authority, credentials=credentials, contexts=contexts or {})

    async def advance(self, seconds: float) -> None:
        """Let time pass, with a VirtualClock only; then let waiting tasks run."""
        if not isinstance(self._clock, VirtualClock):
            raise TypeError("advance needs open_lab(..., clock=VirtualClock())")
        self.step(self._clock.advance(seconds))
        await self._act()
        await anyio.lowlevel.checkpoint()

    def step(self, now: datetime) -> None:
        """Bring every cluster and the timeline to a moment."""
        self._stepping = True
        try:
            while (at := self._next_move_at) is not None and at <= now:
                self._step_clusters(at)
                self._make(self._coming.pop(0))
            self._step_clusters(now)
            self._begin_again_or_finish(now)
        finally:
            self._stepping = False

    async def run(self) -> None:
        """Let time pass as the clock says, until cancelled; asleep while nothing is due."""
        while True:
            self._wake = anyio.Event()
            now = self._clock()
            self.step(now)
            await self._act()
            due = [at for at in (self._next_move_at, self._end_at, *self._cluster_times()) if at is not None]
            virtual = isinstance(self._clock, VirtualClock)
            wait = float("inf") if virtual or not due else max(0.0, (min(due) - self._clock()).total_seconds())
            with anyio.move_on_after(wait):
                await self._wake.wait()

    async def _act(self) -> None:
        """Do to the servers what the timeline says; what happened in the worlds is done already."""
        while self._to_act:
            cluster, move = self._to_act.pop(0)
            await move.act(cluster)

    def _catch_up(self) -> None:
        self.step(self._clock())

    def _cluster_times(self) -> list[datetime]:
        times = ((cluster.simulation.next_at, cluster.skew) for cluster in self.clusters.values())
        return [at - skew for at, skew in times if at is not None]

    @property
    def _next_move_at(self) -> datetime | None:
        return self._story_time(self._coming[0].at_s) if self._coming else None

    @property
    def _end_at(self) -> datetime | None:
        if self.finished.is_set():
            return None
        return self._story_time(self.story.duration_s)

    def _story_time(self, seconds: float) -> datetime:
        return self._round_began + timedelta(seconds=seconds / self._speed)

    def _step_clusters(self, now: datetime) -> None:
        for cluster in self.clusters.values():
            cluster.simulation.step(now + cluster.skew)

    def _make(self, timed: TimedMove) -> None:
        for name in timed.clusters:
            cluster = self.clusters[name]
            if isinstance(timed.move, ServerMove):
                self._to_act.append((cluster, timed.move))
                continue
            try:
                timed.move.make(cluster.simulation)
            except NotFoundError as error:
                self.skipped.append(f"{name} at {timed.at_s:g}s: {error}")

    def _begin_again_or_finish(self, now: datetime) -> None:
        end = self._end_at
        if end is None or now < end or self._coming:
            return
        if self.story.repeats and self.story.timeline:
            self._round_began = end
            self._coming = list(self.story.timeline)
        else:
            self.finished.set()

    def _on_change(self, _change: Change) -> None:
        if not self._stepping:
            self._wake.set()


@asynccontextmanager
async def open_lab(
    story: Story, *, seed: int = 1, speed: float = 1.0, tls: bool = False, clock: Clock = wall_clock
) -> AsyncGenerator[Lab]:
    """A lab whose servers are up and whose time runs, for as long as the block lasts.

    ``speed`` shortens the story's and the clusters' waits; timestamps stay those of ``clock``. With a VirtualClock
    time passes only in ``Lab.advance``; what API clients write is still reacted to at once.
    """
    now = clock()
    authority = Authority() if tls else None
    clusters = {
        plan.name: LabCluster(
            plan.name,
            populate(plan, story, seed=seed, now=now, speed=speed),
            version=plan.version,
            authority=authority,
        )
        for plan in story.clusters
    }
    for plan in story.clusters:
        clusters[plan.name].set_streaming_lists(offered=plan.streaming_lists)
    lab = Lab(story, clusters, clock=clock, speed=speed, authority=authority)
    async with AsyncExitStack() as servers:
        for cluster in clusters.values():
            await cluster.start_server()
            servers.push_async_callback(cluster.stop_server)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lab.run)
            yield lab
            tasks.cancel_scope.cancel()


def _put(held: dict[str, str], name: str, words: str | None) -> None:
    if words is None:
        held.pop(name, None)
    else:
        held[name] = words


def _time_of(cluster: LabCluster, clock: Clock) -> datetime:
    return clock() + cluster.skew


def _token(world: World, serial: int) -> str:
    return f"lab-{world.number('token', serial):016x}"

"""http: a list of 50 incidents with a token, against a bare ASGI answer of the same bytes from the same server."""

import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from kronveil.bench.fleet import TOKEN
from kronveil.bench.measure import Sample, percentiles, spread
from kronveil.bench.record import Counts, Measure, Record, Value
from kronveil.bench.served import ANSWER
from kronveil.bench.stages.correlate import Fleet
from kronveil.bench.talk import Talker, talking
from kronveil.sdk.storage import Writes
from kronveil.stores.sqlite import open_sqlite

PEER = "140 us for 50 incidents, 30 us for health"
PAGES = {
    "50 incidents": "/api/v1/incidents?limit=50",
    "health": "/api/v1/health",
    "overview": "/api/v1/overview",
    "fleet": "/api/v1/fleet",
}
FIRST = "50 incidents"
CHANGED = f"{FIRST}, each after a change"


@dataclass(frozen=True, slots=True)
class Plan:
    """How many incidents there are, how often each page is asked for in a round, over how many connections."""

    incidents: int
    asks: int
    rounds: int
    connections: int = 4


@dataclass(slots=True)
class Side:
    """A server and what each round cost it. Connections are opened for a round: a server closes those that are idle."""

    server: Talker
    connections: int
    samples: dict[str, list[Sample]] = field(default_factory=dict[str, list[Sample]])
    took_ms: dict[str, list[list[float]]] = field(default_factory=dict[str, list[list[float]]])
    answers: int = 0

    async def run_changing(self, asks: int) -> None:
        """One round of the first page, before each of which something was published."""
        took: list[float] = []
        before, began = await self.server.ask("cost"), time.perf_counter()
        async with connected(self.server.began["port"]) as asking:
            for _ in range(asks):
                await self.server.ask("publish", turns=1, each=1, every_s=0, padding=0)
                await asking.ask(PAGES[FIRST], 1, took)
        wall_s, after = time.perf_counter() - began, await self.server.ask("cost")
        self.answers += len(took)
        self.samples.setdefault(CHANGED, []).append(Sample(len(took), after["cpu_s"] - before["cpu_s"], wall_s))
        self.took_ms.setdefault(CHANGED, []).append(took)

    async def run(self, name: str, asks: int) -> None:
        """One round of one page."""
        took: list[float] = []
        async with AsyncExitStack() as opened:
            port = self.server.began["port"]
            asking = [await opened.enter_async_context(connected(port)) for _ in range(self.connections)]
            before, began = await self.server.ask("cost"), time.perf_counter()
            async with anyio.create_task_group() as tasks:
                for one in asking:
                    tasks.start_soon(one.ask, PAGES[name], asks // self.connections, took)
            wall_s, after = time.perf_counter() - began, await self.server.ask("cost")
        self.answers += len(took)
        self.samples.setdefault(name, []).append(Sample(len(took), after["cpu_s"] - before["cpu_s"], wall_s))
        self.took_ms.setdefault(name, []).append(took)


class Asking:
    """A connection that is kept; each answer is read whole and was a good one."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._reader = BufferedByteReceiveStream(stream)

    async def ask(self, path: str, times: int, took_ms: list[float]) -> bytes:
        """Ask so often; the last answer."""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
        body = b""
        for _ in range(times):
            began = time.perf_counter()
            await self._stream.send(request)
            head = (await self._reader.receive_until(b"\r\n\r\n", 1 << 16)).lower()
            if b" 200 " not in head:
                raise RuntimeError(f"{path}: {head.decode()}")
            body = await self._reader.receive_exactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
            took_ms.append((time.perf_counter() - began) * 1000)
        return body


@asynccontextmanager
async def connected(port: int) -> AsyncGenerator[Asking]:
    """One connection."""
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        yield Asking(stream)


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """With 1,000 incidents open."""
    return await measured(Plan(100, 100, 5) if quick else Plan(1_000, 400, 7))


async def measured(plan: Plan) -> list[Record]:
    """Both servers in turns, then the pages for which there is no reference."""
    with tempfile.TemporaryDirectory(prefix="kronveil-bench-") as name:
        folder = Path(name)
        async with open_sqlite(folder) as store:
            held = Fleet(plan.incidents).triage.held()
            await store.save(Writes(incidents=tuple(held)))
        async with _side("ours", folder, plan) as ours:
            async with connected(ours.server.began["port"]) as asking:
                (folder / ANSWER).write_bytes(await asking.ask(PAGES[FIRST], 1, []))
            async with _side("bare", folder, plan) as bare:
                for _ in range(plan.rounds + 1):  # the first is thrown away
                    await ours.run(FIRST, plan.asks)
                    await bare.run(FIRST, plan.asks)
            for _ in range(plan.rounds + 1):
                await ours.run_changing(plan.asks // 8)
            for page in list(PAGES)[1:]:
                for _ in range(plan.rounds + 1):
                    await ours.run(page, max(plan.connections, plan.asks // 4))
    size = f"of {plan.incidents:,} open"
    compared = Record(
        "http",
        f"{FIRST} {size}",
        "answer",
        ours.samples[FIRST][1:],
        Measure("cost", floor=3.0, goal=1.5),
        bare.samples[FIRST][1:],
        "bare ASGI",
        counts=Counts(ours.answers, ours.answers),
        peer=PEER,
    )
    reference = Record(
        "http",
        "bare ASGI, the same bytes",
        "answer",
        bare.samples[FIRST][1:],
        latency_ms=percentiles([each for took in bare.took_ms[FIRST][1:] for each in took]),
    )
    return [compared, *[_timed(page, size, ours) for page in (FIRST, CHANGED, *list(PAGES)[1:])], reference]


def _timed(page: str, size: str, ours: Side) -> Record:
    rounds = ours.took_ms[page][1:]
    return Record(
        "http",
        f"{page} {size}: asked to answered",
        "answer",
        ours.samples[page][1:],
        Measure("limit", goal=25.0),
        latency_ms=percentiles([each for took in rounds for each in took]),
        value=Value("ms p99", spread([percentiles(took)["p99"] for took in rounds])),
    )


@asynccontextmanager
async def _side(kind: str, folder: Path, plan: Plan) -> AsyncGenerator[Side]:
    async with talking("kronveil.bench.served", kind, str(folder)) as server:
        yield Side(server, plan.connections)

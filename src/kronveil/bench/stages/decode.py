"""decode: one watch frame to "nothing changed" or an observation, against a bare typed decode of the same bytes."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from kronveil.bench.bare import decode_all
from kronveil.bench.frames import PodName, frame, pod_json
from kronveil.bench.measure import QUICK_ROUNDS, ROUNDS, Variant, interleaved
from kronveil.bench.record import Counts, Measure, Record
from kronveil.collectors.kubernetes.kinds import KINDS
from kronveil.collectors.kubernetes.translate.kept import Moment, Shelves

PEER = "575 us for each event (collector, published)"
ONE_FAILS_OF = 50
PODS_PER_DEPLOYMENT = 10


class Translating:
    """Our way: decode, find the kept record, compare, and report what changed; the shelf is fresh each round."""

    def __init__(self, pods: int, lines: Sequence[bytes]) -> None:
        self.lines = lines
        self.reported = self.unchanged = 0
        self._kind = next(kind for kind in KINDS if kind.name == "pods")
        self._before = [
            self._kind.decode_object(pod_json(PodName(number, PODS_PER_DEPLOYMENT), 1)) for number in range(pods)
        ]
        self._shelves = Shelves()

    def forget(self) -> None:
        """Know every pod as healthy."""
        self.reported = self.unchanged = 0
        self._shelves = Shelves()
        shelf = self._shelves.of("pods")
        now = datetime.now(UTC)
        for pod in self._before:
            kept, _ = self._kind.translate(pod, None, self._shelves, Moment(now, now, is_first_list=True))
            shelf[kept.resource.uid] = kept

    async def run(self) -> int:
        """Take every line."""
        shelf, decode, translate = self._shelves.of("pods"), self._kind.decode_frame, self._kind.translate
        now = datetime.now(UTC)
        moment = Moment(now, now)
        for line in self.lines:
            pod = decode(line).object
            before = shelf.get(pod.metadata.uid)
            kept, observation = translate(pod, before, self._shelves, moment)
            if kept is not before:
                shelf[kept.resource.uid] = kept
            if observation is None:
                self.unchanged += 1
            else:
                self.reported += 1
        return len(self.lines)

    def counts(self, *, failures: int) -> Counts:
        """Every frame is either news or not, and the news are the failures."""
        return Counts(
            len(self.lines),
            stored=self.reported,
            deduplicated=self.unchanged,
            lost=max(0, failures - self.reported),
            duplicated=max(0, self.reported - failures),
        )


async def measure(quick: bool) -> list[Record]:  # noqa: FBT001 - every stage is asked so
    """Ours, bare and stdlib json on the same frames, one in fifty of them a failure."""
    pods = 500 if quick else 1_500
    lines = [
        frame(PodName(number, PODS_PER_DEPLOYMENT), 10_000 + number, is_failing=number % ONE_FAILS_OF == 0)
        for number in range(pods)
    ]
    ours = Translating(pods, lines)

    async def bare() -> int:
        return decode_all(lines)

    async def stdlib() -> int:
        for line in lines:
            json.loads(line)
        return len(lines)

    taken = await interleaved(
        [Variant("ours", ours.run, ours.forget), Variant("bare", bare), Variant("stdlib", stdlib)],
        QUICK_ROUNDS if quick else ROUNDS * 2,
    )
    return [
        Record(
            "decode",
            "ours: decode + translate",
            "frame",
            taken["ours"],
            Measure("cost", goal=3.0),
            taken["bare"],
            "bare",
            counts=ours.counts(failures=len(range(0, pods, ONE_FAILS_OF))),
            peer=PEER,
            more={"bytes_per_frame": round(sum(map(len, lines)) / len(lines))},
        ),
        Record(
            "decode", "ours against stdlib json", "frame", taken["ours"], Measure("speed"), taken["stdlib"], "stdlib"
        ),
        Record("decode", "bare: msgspec typed", "frame", taken["bare"]),
        Record("decode", "stdlib json to dict", "frame", taken["stdlib"]),
    ]

"""What is wrong but has not lasted long enough to count: when each will, by a heap of due times."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from kronveil.logic.kinds import Symptom
from kronveil.logic.naming import Report

Subject = tuple[str, str]
Name = tuple[str, str]

UNHEARD_FOR = timedelta(hours=1)
"""What counts only when it is reported again is not waited for any longer: its object may be gone without a word."""
FEW = 1000


class Expected:
    """A symptom of an object that counts at ``due``, or (None) only when it is reported again."""

    __slots__ = ("due", "is_off", "report", "seen_at", "since", "symptom")

    def __init__(self, report: Report, symptom: Symptom, since: datetime, due: datetime | None) -> None:
        self.report = report
        self.symptom = symptom
        self.since = since
        self.due = due
        self.seen_at = report.now
        self.is_off = False


class Waiting:
    """Expected symptoms by object. One that was called off stays in the heap until its time, or until most are so."""

    def __init__(self) -> None:
        self.by_subject: dict[Subject, dict[Name, Expected]] = {}
        self._heap: list[tuple[datetime, int, Expected]] = []
        self._number = 0
        self._off = 0

    def __len__(self) -> int:
        return sum(len(expected) for expected in self.by_subject.values())

    def of(self, subject: Subject) -> dict[Name, Expected] | None:
        """What is expected of an object, by kind and part."""
        return self.by_subject.get(subject)

    def get(self, subject: Subject, symptom: Symptom) -> Expected | None:
        """This very one."""
        return self.by_subject.get(subject, {}).get((symptom.kind, symptom.part))

    def expect(self, report: Report, symptom: Symptom, since: datetime, due: datetime | None) -> None:
        """It is there since then, and counts when it is still there at ``due``."""
        known = self.get(report.subject, symptom)
        if known is not None and known.due == due:
            known.report, known.symptom, known.seen_at = report, symptom, report.now
            return
        if known is not None:
            self._drop(known)
        expected = Expected(report, symptom, since, due)
        self.by_subject.setdefault(report.subject, {})[symptom.kind, symptom.part] = expected
        self._push(expected, due or report.now + UNHEARD_FOR)

    def call_off(self, subject: Subject, name: Name) -> None:
        """It is not there any more, or counts already."""
        of_subject = self.by_subject.get(subject)
        expected = of_subject.pop(name, None) if of_subject is not None else None
        if of_subject is not None and not of_subject:
            del self.by_subject[subject]
        if expected is not None:
            self._drop(expected)

    def not_listed(self, cluster: str, kind: str, before: datetime) -> None:
        """Call off what was expected of a cluster's objects of a kind that were last seen before."""
        for subject, of_subject in list(self.by_subject.items()):
            if subject[0] != cluster:
                continue
            for name, expected in list(of_subject.items()):
                if expected.report.observation.resource.kind == kind and expected.seen_at < before:
                    self.call_off(subject, name)

    def leave(self, is_gone: Callable[[Report], bool]) -> None:
        """Call off what was expected of objects that nobody reports of any more."""
        for subject, of_subject in list(self.by_subject.items()):
            for name, expected in list(of_subject.items()):
                if is_gone(expected.report):
                    self.call_off(subject, name)

    def due(self, now: datetime) -> Iterator[Expected]:
        """Those that count now, in order of their times; each is handed out once."""
        while self._heap and self._heap[0][0] <= now:
            expected = heappop(self._heap)[2]
            if expected.is_off:
                self._off -= 1
            elif expected.due is None and now - expected.seen_at < UNHEARD_FOR:
                self._push(expected, expected.seen_at + UNHEARD_FOR)
            else:
                # Counted as off, though it is not in the heap any more.
                self._off -= 1
                self.call_off(expected.report.subject, (expected.symptom.kind, expected.symptom.part))
                if expected.due is not None:
                    yield expected

    def _push(self, expected: Expected, when: datetime) -> None:
        self._number += 1
        heappush(self._heap, (when, self._number, expected))

    def _drop(self, expected: Expected) -> None:
        """It does nothing any more. Those that do are often a hundred times fewer: pods of a rollout are soon ready."""
        expected.is_off = True
        self._off += 1
        if self._off > FEW and self._off > len(self._heap) // 2:
            self._heap = [one for one in self._heap if not one[2].is_off]
            heapify(self._heap)
            self._off = 0

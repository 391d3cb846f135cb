"""The scorecard: what a story expected, beside what an agent that watched it found."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kronveil.lab.story import Expected, Story

UNSCALED_S = 8.0


class Mark(StrEnum):
    """How an expected or found incident did."""

    FOUND = "found"
    LATE = "found late"
    NOT_RECOVERED = "found, but did not recover in time"
    MISSED = "missed"
    FALSE = "not expected"


@dataclass(frozen=True, slots=True)
class Finding:
    """An incident an agent opened: seconds of wall time since the story began. ``owner`` is ``namespace/name``."""

    kind: str
    cluster: str
    owner: str
    opened_after_s: float
    resolved_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the scorecard."""

    mark: Mark
    expected: Expected | None
    found: Finding | None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All lines: the expected ones in the story's order, then what nobody expected."""

    story: str
    rows: tuple[Row, ...]

    @property
    def is_clean(self) -> bool:
        """Whether everything expected was found in time and nothing else."""
        return all(row.mark is Mark.FOUND for row in self.rows)


def score(story: Story, findings: Sequence[Finding], *, speed: float = 1.0) -> Scorecard:
    """Compare. The first finding that fits an expected incident is its own; each further one is not expected.

    Time-outs, waits between tries and a busy machine do not go faster with the story: ``UNSCALED_S`` is allowed for
    them, in full at a great ``speed``, not at all at the story's own.
    """
    left = sorted(findings, key=lambda finding: finding.opened_after_s)
    rows: list[Row] = []
    for expected in story.expected:
        found = next((item for item in left if _same(expected, item)), None)
        if found is not None:
            left.remove(found)
        rows.append(Row(_mark(expected, found, speed), expected, found))
    rows += [Row(Mark.FALSE, None, item) for item in left]
    return Scorecard(story.name, tuple(rows))


def _same(expected: Expected, found: Finding) -> bool:
    return (expected.kind, expected.cluster, expected.owner) == (found.kind, found.cluster, found.owner)


def _mark(expected: Expected, found: Finding | None, speed: float) -> Mark:
    if found is None:
        return Mark.MISSED
    if found.opened_after_s > _wall_s(expected.within_s, speed):
        return Mark.LATE
    if expected.recovered_within_s is None:
        return Mark.FOUND
    resolved = found.resolved_after_s
    is_over = resolved is not None and resolved <= _wall_s(expected.recovered_within_s, speed)
    return Mark.FOUND if is_over else Mark.NOT_RECOVERED


def _wall_s(story_s: float, speed: float) -> float:
    """What is allowed of wall time, in seconds, for what the story gives ``story_s``."""
    return story_s / speed + UNSCALED_S * (1 - 1 / speed)

"""Makes long stories short: lines that are alike become one that says how many more there are. Nothing people said is
ever folded."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from kronveil.cli.tables import subject

AGENT = "kronveil"
FOLDED_FROM = 4
FIRST_LINES, LAST_LINES = 15, 20
_Thing = Mapping[str, Any]
Row = tuple[object, ...]


def story(timeline: Sequence[_Thing], *, is_whole: bool) -> list[Row]:
    """The rows of a timeline, oldest first; folded unless the whole of it is asked for."""
    if is_whole:
        return [_row(each) for each in timeline]
    rows = list(_folded_runs(timeline))
    left_out = len(rows) - FIRST_LINES - LAST_LINES
    if left_out <= 1:
        return rows
    gap: Row = ("", "", "", f"{left_out} more lines: --all shows them")
    return [*rows[:FIRST_LINES], gap, *rows[-LAST_LINES:]]


def _folded_runs(timeline: Sequence[_Thing]) -> Iterator[Row]:
    # A person's line is in a run of its own: the place in the timeline sets it apart.
    numbered = enumerate(timeline)
    for _, run in groupby(numbered, lambda one: one[1]["what"] if one[1]["actor"] == AGENT else one[0]):
        lines = [each for _, each in run]
        if len(lines) < FOLDED_FROM:
            yield from map(_row, lines)
            continue
        yield _row(lines[0])
        yield lines[1]["at"], lines[1]["what"], AGENT, f"{len(lines) - 2} more like this: --all shows them"
        yield _row(lines[-1])


def _row(moment: _Thing) -> Row:
    return moment["at"], moment["what"], moment["actor"], moment["message"]


def alike(evidence: Sequence[_Thing]) -> list[list[_Thing]]:
    """Those of one kind, object and message together, ordered by the newest of each."""
    together: dict[tuple[str, ...], list[_Thing]] = {}
    for each in sorted(evidence, key=lambda one: str(one["at"])):
        of = (each["kind"], each["cluster_name"], subject(each["resource"]), each["message"])
        together.setdefault(of, []).append(each)
    return sorted(together.values(), key=lambda some: str(some[-1]["at"]))

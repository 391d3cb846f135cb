"""Answers as people read them at a terminal: unknown is `?`, and nothing a cluster sent can drive the terminal."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

UNKNOWN = "?"
GAP = 3
WORTH_READING = 36
_COLOURS = {
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "blue",
    "live": "green",
    "healthy": "green",
    "partial": "yellow",
    "stale": "yellow",
    "degraded": "yellow",
    "unreachable": "red",
    "unhealthy": "red",
    "unknown": "magenta",
    "ok": "green",
    "FAULT": "bold red",
}


def clean(value: object) -> str:
    """One line of printable text: control characters would let a log line rewrite the screen."""
    text = UNKNOWN if value is None else str(value)
    return "".join(each if each.isprintable() else " " for each in text)


def count(number: int | None, *, is_complete: bool = True) -> str:
    """12,481; ≥ 12,481 when some clusters are left out; ? when nobody has said."""
    if number is None:
        return UNKNOWN
    return f"{number:,}" if is_complete else f"≥ {number:,}"


def age(seconds: float | None) -> str:
    """1 s, 6 min, 2 h 05 min, 3 d 4 h."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{hours // 24} d {hours % 24} h"


def since(stamp: str | None, now: datetime) -> float | None:
    """Seconds from a time of the wire to now."""
    return None if stamp is None else (now - datetime.fromisoformat(stamp)).total_seconds()


def subject(resource: Mapping[str, Any]) -> str:
    """deployment/payments in shop."""
    name = f"{str(resource['kind']).lower()}/{resource['name']}"
    return f"{name} in {resource['namespace']}" if resource.get("namespace") else name


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()) -> None:
    """Print columns. To a pipe: as wide as needed, one row a line, so that `grep` and `cut` work.

    In a window that is too narrow for that, the last columns of a row, which say why, stand below the first ones.
    """
    from rich.console import Console  # noqa: PLC0415 - keeps `kronveil --help` quick

    is_pipe = not sys.stdout.isatty()
    console = Console(width=10_000 if is_pipe else None, highlight=False)
    cells = [[clean(cell) for cell in row] for row in rows]
    if is_pipe:
        with console.capture() as captured:
            console.print(_drawn(headings, cells, right, last_may_fold=False))
        typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))
        return
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    if console.width - sum(widths[:-1]) - GAP * (len(widths) - 1) >= min(widths[-1], WORTH_READING):
        console.print(_drawn(headings, cells, right))
        return
    _print_in_two(console, headings, cells, widths)


def _print_in_two(
    console: "Console", headings: Sequence[str], cells: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    """Each row as a line of as many of its first columns as fit, and below it the others."""
    from rich.padding import Padding  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    ends = accumulate(each + GAP for each in widths)
    first = max(1, sum(end - GAP <= console.width for end in ends))
    for place, row in enumerate((headings, *cells)):
        style = "" if place else "bold"
        line = Text(" " * GAP).join(
            Text(f"{cell:<{width}}", style=style or _COLOURS.get(cell, ""))
            for cell, width in zip(row[:first], widths, strict=False)
        )
        line.rstrip()
        console.print(line)
        below = (" " * GAP).join(cell for cell in row[first:] if cell)
        if below:
            console.print(Padding(Text(below, style=style), (0, 0, 0, 4)))


def _drawn(
    headings: Sequence[str], cells: Iterable[Sequence[str]], right: Sequence[str], *, last_may_fold: bool = True
) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for place, heading in enumerate(headings):
        drawn.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=place < len(headings) - 1 or not last_may_fold,
            overflow="fold",
        )
    for row in cells:
        drawn.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in row))
    return drawn


def left_out(missing: Sequence[Mapping[str, Any]]) -> str:
    """Which clusters an answer leaves out, as the end of a sentence; empty when none."""
    return ", ".join(clean(each["cluster"]) for each in missing)


def coverage_line(clusters: Mapping[str, int], missing: Sequence[Mapping[str, Any]]) -> str:
    """What the totals do not tell."""
    total, answering = clusters["total"], clusters["live"] + clusters["partial"]
    if total == 0:
        return "No cluster is configured. `kronveil init` writes a configuration from your kubeconfig."
    first = f"All {total} clusters answer" if answering == total else f"{answering} of {total} clusters answer"
    if total == 1:
        first = "The one cluster answers" if answering else "The one cluster does not answer"
    return f"{first}; totals leave out {left_out(missing)}." if missing else f"{first}."


def books_line(books: Mapping[str, Any]) -> str:
    """The sum of what came in, and that it is one."""
    dropped = sum(books["dropped"].values())
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in books["dropped"].items() if number)
    told = (
        f"{books['received']:,} received = {books['delivered']:,} delivered + {books['merged']:,} merged "
        f"+ {dropped:,} dropped + {books['in_flight']:,} in flight"
    )
    told += f" (dropped: {reasons})" if reasons else ""
    is_balanced = books["received"] == books["delivered"] + books["merged"] + dropped + books["in_flight"]
    return told if is_balanced else f"{told}: THEY DO NOT BALANCE"

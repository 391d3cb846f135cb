"""Answers as people read them at a terminal: unknown is `?`, and nothing a cluster sent can drive the terminal."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import typer

UNKNOWN = "?"
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
    """Print columns. To a pipe: as wide as needed, one row a line, so that `grep` and `cut` work."""
    from rich.console import Console  # noqa: PLC0415 - keeps `kronveil --help` quick
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    is_pipe = not sys.stdout.isatty()
    drawn = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for place, heading in enumerate(headings):
        is_last = place == len(headings) - 1
        drawn.add_column(
            heading,
            justify="right" if heading in right else "left",
            # In a narrow window rows grow longer; the text at the end, which says why, is never squeezed out.
            no_wrap=is_pipe or place == 0,
            overflow="fold",
            min_width=20 if is_last else None,
        )
    for row in rows:
        cells = [clean(cell) for cell in row]
        drawn.add_row(*(Text(cell, style=_COLOURS.get(cell, "")) for cell in cells))
    console = Console(width=10_000 if is_pipe else None, highlight=False)
    if not is_pipe:
        console.print(drawn)
        return
    with console.capture() as captured:
        console.print(drawn)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


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

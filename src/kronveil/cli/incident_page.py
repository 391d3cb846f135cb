"""One incident as a page: what it is, what it belongs to, what was changed before it, its story and its evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import typer

from kronveil.cli import folding
from kronveil.cli.client import Answer
from kronveil.cli.tables import UNKNOWN, age, clean, since, subject, table

PARTS_SHOWN = 15
OTHERS_SHOWN = 5
EVIDENCE_SHOWN = 15
_Thing = Mapping[str, Any]


def show(answer: Answer, relatives: Mapping[str, _Thing], *, is_whole: bool = False) -> None:
    """Print it, shortened unless the whole of it is asked for.

    ``relatives`` are the incidents it is part of or made of, as far as they could be read.
    """
    incident = answer.body
    _head(incident, answer.at)
    _kin(incident, relatives, is_whole=is_whole)
    _changed(incident, is_whole=is_whole)
    typer.echo()
    table(("AT", "WHAT", "WHO", "MESSAGE"), folding.story(incident["timeline"], is_whole=is_whole))
    _evidence(incident, is_whole=is_whole)


def _head(incident: _Thing, now: datetime) -> None:
    ended = f", resolved {incident['resolved_at']}" if incident["resolved_at"] else ""
    by = f" by {clean(incident['acknowledged_by'])}" if incident["status"] == "acknowledged" else ""
    typer.echo(clean(incident["title"]))
    silenced = ", silenced" if incident["silenced"] else ""
    typer.echo(f"{incident['severity']}, {incident['status']}{by}{silenced}, {clean(incident['kind'])}")
    where = ", ".join(clean(each["name"]) for each in incident["clusters"])
    typer.echo(f"{clean(subject(incident['resource']))}, {where}")
    typer.echo(f"opened {incident['opened_at']} ({age(since(incident['opened_at'], now))} ago){ended}")
    owner = f", assigned to {clean(incident['owner'])}" if incident["owner"] else ""
    typer.echo(f"{incident['id']}, version {incident['version']}{owner}")


def _kin(incident: _Thing, relatives: Mapping[str, _Thing], *, is_whole: bool) -> None:
    parent, parts = incident["parent_id"], incident["children"]
    if parent is not None:
        title = f": {clean(relatives[parent]['title'])}" if parent in relatives else ""
        typer.echo(f"part of {clean(parent)}{title}")
    if not parts:
        return
    typer.echo()
    shown = parts if is_whole else parts[:PARTS_SHOWN]
    table(("PART", "STATUS", "CLUSTER", "TITLE"), [_part(each, relatives.get(each)) for each in shown])
    if len(parts) > len(shown):
        typer.echo(f"and {len(parts) - len(shown)} more parts: --all shows them")


def _part(part_id: str, part: _Thing | None) -> tuple[object, ...]:
    if part is None:
        return part_id, UNKNOWN, UNKNOWN, UNKNOWN
    return part_id, part["status"], ", ".join(each["name"] for each in part["clusters"]), part["title"]


def _changed(incident: _Thing, *, is_whole: bool) -> None:
    """Suspects first, most likely first; then what else was changed nearby, newest first."""
    changes = {each["id"]: each for each in incident["changes"]}
    openings = [incident["opened_at"], *(each["at"] for each in incident["timeline"] if each["what"] == "reopened")]
    rows = [_suspect(each, changes.get(each["change_id"]), openings) for each in incident["suspects"]]
    suspected = {each["change_id"] for each in incident["suspects"]}
    others = [each for each in incident["changes"] if each["id"] not in suspected]
    shown = others if is_whole else others[:OTHERS_SHOWN]
    rows += [_other(each, openings) for each in shown]
    if not rows:
        typer.echo("\nWHAT CHANGED: nothing changed nearby.")
        return
    typer.echo("\nWHAT CHANGED")
    table(("SCORE", "WHEN", "WHO", "OF", "WHAT"), rows, right=("SCORE",))
    if len(others) > len(shown):
        told = f"kronveil changes --around {incident['opened_at']}"
        typer.echo(f"{len(others) - len(shown)} other changes nearby are left out: {told}")


def _suspect(suspect: _Thing, change: _Thing | None, openings: Sequence[str]) -> tuple[object, ...]:
    score = f"{suspect['score']:.2f}"
    if change is None:
        return score, UNKNOWN, UNKNOWN, UNKNOWN, suspect["what"]
    return score, *_when_who_of(change, openings), suspect["what"]


def _other(change: _Thing, openings: Sequence[str]) -> tuple[object, ...]:
    return "-", *_when_who_of(change, openings), change["summary"]


def _when_who_of(change: _Thing, openings: Sequence[str]) -> tuple[object, ...]:
    return _beside(change["at"], openings), change["actor"] or UNKNOWN, subject(change["target"])


def _beside(at: str, openings: Sequence[str]) -> str:
    """43 s before, 1 s before it was back, 2 min after; ``openings`` in order: when it began, and each time anew."""
    gaps = [since(at, datetime.fromisoformat(each)) or 0.0 for each in openings]
    for place, gap in enumerate(gaps):
        if gap >= 0:
            return f"{age(gap)} before{' it was back' if place else ''}"
    return f"{age(-gaps[-1])} after"


def _evidence(incident: _Thing, *, is_whole: bool) -> None:
    """The newest of what is distinct, oldest first; what only repeats is one row."""
    folded = folding.alike(incident["evidence"])
    shown = folded if is_whole else folded[-EVIDENCE_SHOWN:]
    if shown:
        typer.echo()
        table(("EVIDENCE", "SEVERITY", "KIND", "CLUSTER", "OF", "MESSAGE"), [_row(each) for each in shown])
    told = _told(sum(len(each) for each in shown), incident["event_count"])
    older = len(folded) - len(shown)
    rows = f" {older} older row{'' if older == 1 else 's'} left out: --all shows them." if older else ""
    typer.echo(f"\n{told}{rows}")


def _row(alike: Sequence[_Thing]) -> tuple[object, ...]:
    first, last = alike[0], alike[-1]
    again = f" (x{len(alike)}, last {last['at'][11:19]})" if len(alike) > 1 else ""
    of = subject(first["resource"])
    return first["at"], last["severity"], first["kind"], first["cluster_name"], of, f"{first['message']}{again}"


def _told(shown: int, known: int) -> str:
    if known > shown:
        return f"{shown:,} of {known:,} events shown."
    return "Its one event is shown." if shown == 1 else f"All {shown:,} events shown."

"""One cluster as a page: whether it is heard, each kind that is watched, and its books."""

from collections.abc import Mapping
from typing import Any

import typer

from kronveil.cli.tables import UNKNOWN, age, books_line, clean, count, table

WORTH_TELLING_MS = 2000


def show(cluster: Mapping[str, Any]) -> None:
    """Print it."""
    why = why_not_live(cluster)
    typer.echo(f"{clean(cluster['name'])} is {cluster['state']}{f': {clean(why)}' if why else ''}")
    for name, value in (
        ("heard", f"{age(cluster['age_s'])} ago" if cluster["age_s"] is not None else "never"),
        ("next try", None if cluster["next_try_s"] is None else f"in {age(cluster['next_try_s'])}, {_tries(cluster)}"),
        ("version", cluster["version"] or UNKNOWN),
        ("region", cluster["region"] or UNKNOWN),
        ("uid", cluster["uid"] or UNKNOWN),
        ("clock", _skew(cluster["skew_ms"])),
        ("holds", f"{count(cluster['pods'])} pods, {count(cluster['nodes'])} nodes"),
        ("incidents", ", ".join(map(clean, cluster["incidents"])) or "none"),
        ("books", books_line(cluster["books"])),
    ):
        if value is not None:
            typer.echo(f"{name:<11}{clean(value)}")
    if not cluster["kinds"]:
        return
    typer.echo()
    rows = [
        (name, kind["state"].replace("_", " "), count(kind["count"]), age(kind["age_s"]), kind["error"] or "")
        for name, kind in cluster["kinds"].items()
    ]
    table(("KIND", "STATE", "COUNT", "HEARD", "WHY"), rows, right=("COUNT", "HEARD"))


def why_not_live(cluster: Mapping[str, Any]) -> str:
    """In words; empty when there is nothing to say."""
    if cluster["same_as"] is not None:
        return f"the same cluster as {cluster['same_as']}; counted once"
    return cluster["why"] or ""


def _tries(cluster: Mapping[str, Any]) -> str:
    return "1 try so far" if cluster["tries"] == 1 else f"{cluster['tries']} tries so far"


def _skew(skew_ms: int | None) -> str | None:
    """Only what is worth a line: a clock that is off by more than it can be measured."""
    if skew_ms is None or abs(skew_ms) < WORTH_TELLING_MS:
        return None
    return f"{age(abs(skew_ms) / 1000)} {'ahead' if skew_ms > 0 else 'behind'}"

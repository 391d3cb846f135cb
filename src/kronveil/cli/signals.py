"""`kronveil signals`: what containers, pods or nodes use now, and what they may use."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json
from kronveil.cli.tables import UNKNOWN, age, clean, table

PAGE = 100
_MISSING = {
    "not_served": "has no metrics.k8s.io",
    "forbidden": "may not be asked",
    "failing": "cannot be read",
    "off": "is not asked",
    "unknown": "has not been asked yet",
}


def signals(  # noqa: PLR0913 - each is an option of the command line
    *,
    cluster: Annotated[str | None, typer.Option(help="Only in this cluster.")] = None,
    namespace: Annotated[str | None, typer.Option(help="Only in this namespace.")] = None,
    name: Annotated[str | None, typer.Option(help="Only of this pod or node; may end in *.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only of pods of this workload; may end in *.")] = None,
    kind: Annotated[Literal["container", "pod", "node"], typer.Option(help="Of what.")] = "container",
    limit: Annotated[int, typer.Option(min=1, max=5000, help="How many at most.")] = 50,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Show what containers, pods or nodes use, as last measured, and the limits of that.

    Examples: kronveil signals --cluster us-east-prod --owner checkout; kronveil signals --kind node
    """
    given = {"cluster": cluster, "namespace": namespace, "name": name, "owner": owner}
    asked = {name: value for name, value in given.items() if value is not None} | {"kind": kind.title()}
    body = _read(url, asked, limit)
    if json:
        print_json(body)
        return
    whole = _rows(body["items"])
    rows, is_more = whole[:limit], len(whole) > limit or body["next_cursor"] is not None
    if rows:
        headings = ("CLUSTER", "NAMESPACE", "NAME", "CPU", "OF", "MEMORY", "OF", "AGE")
        table(headings, rows, right=("CPU", "MEMORY", "AGE"))
        typer.echo()
    typer.echo(_told(len(rows), body["sources"], kind, is_more=is_more))


def _read(url: str | None, asked: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """As many pages as the rows need: each row is two series, of processor time and of memory."""
    whole: dict[str, Any] = {}
    items: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        whole = fetch(url, "series", {**asked, **cursor, "points": "false", "limit": PAGE}).body
        items += whole["items"]
        if whole["next_cursor"] is None or len(items) >= 2 * limit:
            return {**whole, "items": items}
        cursor = {"cursor": whole["next_cursor"]}


def _rows(items: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in items:
        if each["last"] is not None:
            labels, what = each["labels"], each["resource"]
            part = f"/{labels['container']}" if "container" in labels else ""
            place = (each["cluster_name"], what["namespace"] or "", f"{what['name']}{part}")
            found.setdefault(place, {})[each["unit"]] = each
    return [_row(place, units.get("cores"), units.get("bytes")) for place, units in found.items()]


def _row(
    place: tuple[str, str, str], cores: Mapping[str, Any] | None, memory: Mapping[str, Any] | None
) -> tuple[str, ...]:
    ages = [each["age_s"] for each in (cores, memory) if each is not None]
    return (
        *place,
        UNKNOWN if cores is None else in_cores(cores["last"]["value"]),
        "" if cores is None or cores["limit"] is None else in_cores(cores["limit"]),
        UNKNOWN if memory is None else in_bytes(memory["last"]["value"]),
        "" if memory is None or memory["limit"] is None else in_bytes(memory["limit"]),
        age(max(ages)),
    )


def in_cores(value: float) -> str:
    """250m, 1.5."""
    return f"{value * 1000:.0f}m" if value < 1 else f"{value:.2f}".rstrip("0").rstrip(".")


def in_bytes(value: float) -> str:
    """512Ki, 64Mi, 1.5Gi: three digits at least."""
    for unit in ("", "Ki", "Mi", "Gi"):
        if value < 1024:
            return f"{value:.3g}{unit}" if value < 100 else f"{value:.0f}{unit}"
        value /= 1024
    return f"{value:.3g}Ti"


def _told(rows: int, sources: Sequence[Mapping[str, Any]], kind: str, *, is_more: bool) -> str:
    more = "; there are more, see --limit" if is_more else ""
    what = f"{rows} {kind}{'' if rows == 1 else 's'}" if rows else f"Nothing was measured of any such {kind}"
    silent = [f"{clean(each['cluster'])} {_MISSING[each['state']]}" for each in sources if each["state"] in _MISSING]
    return f"{what}{more}." + (f" Not measured: {', '.join(silent)}." if silent else "")

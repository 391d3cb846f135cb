"""`kronveil clusters`: every cluster that is expected to report, whether it does or not."""

from typing import Any

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json
from kronveil.cli.tables import age, count, coverage_line, table


def clusters(*, url: Url = None, json: AsJson = False) -> None:
    """List the clusters with their state, what they hold, and why one is not live.

    Example: kronveil clusters
    """
    items: list[dict[str, Any]] = []
    page = fetch(url, "clusters", {"limit": 500}).body
    items += page["items"]
    while page["next_cursor"] is not None:
        page = fetch(url, "clusters", {"limit": 500, "cursor": page["next_cursor"]}).body
        items += page["items"]
    if json:
        print_json(page | {"items": items, "next_cursor": None})
        return
    if items:
        rows = [
            (each["name"], each["state"], count(each["pods"]), count(each["nodes"]), age(each["age_s"]), _why(each))
            for each in items
        ]
        table(("CLUSTER", "STATE", "PODS", "NODES", "AGE", "WHY"), rows, right=("PODS", "NODES", "AGE"))
        typer.echo()
    states = {state: sum(each["state"] == state for each in items) for state in ("live", "partial")}
    typer.echo(coverage_line({"total": len(items), **states}, page["missing"]))


def _why(cluster: dict[str, Any]) -> str:
    if cluster["same_as"] is not None:
        return f"the same cluster as {cluster['same_as']}; counted once"
    return cluster["why"] or ""

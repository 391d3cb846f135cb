"""`kronveil clusters`: every cluster that is expected to report, whether it does or not; and which those are."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json, remove, send
from kronveil.cli.tables import age, clean, count, coverage_line, table

clusters = typer.Typer(help="List the clusters; add, remove, pause and resume one while the agent runs.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The cluster.")]


@clusters.callback(invoke_without_command=True)
def show(context: typer.Context, *, url: Url = None, json: AsJson = False) -> None:
    """List the clusters with their state, what they hold, and why one is not live.

    Examples: kronveil clusters; kronveil clusters pause us-east-prod --reason "node pool upgrade"
    """
    if context.invoked_subcommand is not None:
        return
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


@clusters.command()
def add(  # noqa: PLR0913 - each is an option of the command line
    name: Name,
    *,
    kubeconfig: Annotated[
        Path | None, typer.Option(help="A kubeconfig on the agent's machine. Default: the one kubectl would use there.")
    ] = None,
    context: Annotated[str | None, typer.Option(help="Its context. Default: the current one.")] = None,
    region: Annotated[str | None, typer.Option(help="Where it is. Default: what its nodes say.")] = None,
    namespace: Annotated[list[str] | None, typer.Option(help="Only this one; repeat for several.")] = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Watch one more cluster, from now on and after each start.

    Example: kronveil clusters add eu-west-prod --context eu-west-prod
    """
    path = str(kubeconfig.expanduser().absolute()) if kubeconfig is not None else None
    asked = {"name": name, "kubeconfig_path": path, "context": context, "region": region}
    body = send(url, "clusters", asked | {"namespaces": namespace or []}).body
    _told(body, as_json=json)


@clusters.command("remove")
def take_away(name: Name, *, url: Url = None) -> None:
    """Watch a cluster no longer. One that the configuration file names is removed there.

    Example: kronveil clusters remove eu-west-prod
    """
    remove(url, f"clusters/{quote(name, safe='')}")
    typer.echo(f"{clean(name)} is watched no longer.")


@clusters.command()
def pause(
    name: Name,
    *,
    reason: Annotated[str, typer.Option(help="Why; everybody who looks at the cluster sees it.")],
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Ask a cluster nothing until it is resumed.

    Example: kronveil clusters pause us-east-prod --reason "node pool upgrade"
    """
    _told(send(url, f"clusters/{quote(name, safe='')}/pause", {"reason": reason}).body, as_json=json)


@clusters.command()
def resume(name: Name, *, url: Url = None, json: AsJson = False) -> None:
    """Watch a paused cluster again.

    Example: kronveil clusters resume us-east-prod
    """
    _told(send(url, f"clusters/{quote(name, safe='')}/resume", {}).body, as_json=json)


def _told(cluster: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(cluster)
        return
    why = f": {clean(_why(cluster))}" if _why(cluster) else ""
    typer.echo(f"{clean(cluster['name'])} is {cluster['state']}{why}")


def _why(cluster: dict[str, Any]) -> str:
    if cluster["same_as"] is not None:
        return f"the same cluster as {cluster['same_as']}; counted once"
    return cluster["why"] or ""

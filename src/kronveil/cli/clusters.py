"""`kronveil clusters`: every cluster that is expected to report, whether it does or not; and which those are."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kronveil.cli import cluster_page
from kronveil.cli.client import AsJson, Url, fetch, fetch_all, path_to, print_json, remove, send
from kronveil.cli.cluster_page import why_not_live
from kronveil.cli.ending import FAILED
from kronveil.cli.nouns import Noun
from kronveil.cli.tables import age, clean, count, coverage_line, table

clusters = typer.Typer(cls=Noun, subcommand_metavar="[NAME | VERB NAME]")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The cluster.")]


@clusters.callback(invoke_without_command=True)
def list_them(context: typer.Context, *, url: Url = None, json: AsJson = False) -> None:
    """List the clusters, show one; add, remove, pause, resume and probe one while the agent runs.

    The list has their state, what they hold, and why one is not live.

    Examples: kronveil clusters; kronveil clusters us-east-prod;
    kronveil clusters pause us-east-prod --reason "node pool upgrade"
    """
    if context.invoked_subcommand is not None:
        return
    page = fetch_all(url, "clusters")
    items = page["items"]
    if json:
        print_json(page)
        return
    if items:
        rows = [
            (
                each["name"],
                each["state"],
                count(each["pods"]),
                count(each["nodes"]),
                age(each["age_s"]),
                why_not_live(each),
            )
            for each in items
        ]
        table(("CLUSTER", "STATE", "PODS", "NODES", "AGE", "WHY"), rows, right=("PODS", "NODES", "AGE"))
        typer.echo()
    states = {state: sum(each["state"] == state for each in items) for state in ("live", "partial")}
    typer.echo(coverage_line({"total": len(items), **states}, page["missing"]))


@clusters.command()
def show(name: Name, *, url: Url = None, json: AsJson = False) -> None:
    """Show one cluster: why it is not live, each kind that is watched, its books. `kronveil clusters NAME` is short.

    Example: kronveil clusters show us-east-prod
    """
    answer = fetch(url, path_to("clusters", name))
    if json:
        print_json(answer.body)
    else:
        cluster_page.show(answer.body)


@clusters.command()
def probe(name: Name, *, url: Url = None, json: AsJson = False) -> None:
    """Ask a cluster now whether it answers. Exit code 1: it does not.

    Example: kronveil clusters probe us-east-prod
    """
    told = send(url, path_to("clusters", name, "probe"), {}).body
    if json:
        print_json(told)
    elif told["answered"]:
        typer.echo(f"{clean(name)} answers, after {told['took_s']:.2f} s")
    else:
        typer.echo(f"{clean(name)} does not answer: {clean(told['detail'])}")
    if not told["answered"]:
        raise typer.Exit(FAILED)


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
def take_away(name: Name, *, url: Url = None, json: AsJson = False) -> None:
    """Watch a cluster no longer. One that the configuration file names is removed there.

    Example: kronveil clusters remove eu-west-prod
    """
    remove(url, path_to("clusters", name))
    if json:
        print_json({"removed": name})
    else:
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
    _told(send(url, path_to("clusters", name, "pause"), {"reason": reason}).body, as_json=json)


@clusters.command()
def resume(name: Name, *, url: Url = None, json: AsJson = False) -> None:
    """Watch a paused cluster again.

    Example: kronveil clusters resume us-east-prod
    """
    _told(send(url, path_to("clusters", name, "resume"), {}).body, as_json=json)


def _told(cluster: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(cluster)
        return
    why = f": {clean(why_not_live(cluster))}" if why_not_live(cluster) else ""
    typer.echo(f"{clean(cluster['name'])} is {cluster['state']}{why}")

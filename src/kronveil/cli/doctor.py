"""`kronveil doctor`: try the agent's folder and ports and each cluster with its real credentials; say what to mend."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kronveil.cli.client import print_json
from kronveil.cli.ending import FAILED, WRONG_USAGE, end
from kronveil.cli.tables import clean, table

if TYPE_CHECKING:
    from kronveil.collectors.kubernetes.config import ClusterConfig
    from kronveil.collectors.kubernetes.examine import Finding
    from kronveil.config import Config

AT_ONCE = 4
LONGEST_S = 120
ADDED = "added while running"


def doctor(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration; without it, ./kronveil.yaml.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Try each cluster, those that were added while running as well: kubeconfig, network, certificate, credentials,
    and each kind that is watched. And what the agent itself needs: its folder, its ports, a token.

    Exit code 0: all is well. 1: something is not; the rows marked FAULT are explained below the table. 2: there is no
    cluster to try.

    Example: kronveil doctor -c kronveil.yaml
    """
    import anyio  # noqa: PLC0415 - keeps `kronveil --help` quick

    from kronveil.cli.own_needs import own_needs  # noqa: PLC0415
    from kronveil.cli.up import load_or_explain  # noqa: PLC0415
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    loaded = load_or_explain(config)
    try:
        clusters, added = _clusters(loaded)
    except ConfigError as error:
        end(WRONG_USAGE, str(error))
    if not clusters:
        end(WRONG_USAGE, "No cluster is configured. `kronveil init` writes a configuration from your kubeconfig.")
    found = _met_again(anyio.run(_examine_all, clusters))
    own = list(own_needs(loaded))
    faulty = [name for name, findings in found.items() if any(each.is_good is False for each in findings)]
    if json:
        told = {name: [_plain(each) for each in findings] for name, findings in found.items()}
        missing = bool(faulty) or any(each.is_good is False for each in own)
        print_json(
            {"missing": missing, "clusters": told, "added": sorted(added), "agent": [_plain(each) for each in own]}
        )
    else:
        _show(found, added, own)
        typer.echo(_summary(faulty, len(found), own))
    if faulty or any(each.is_good is False for each in own):
        raise typer.Exit(FAILED)


def _clusters(config: "Config") -> "tuple[list[ClusterConfig], set[str]]":
    """As the agent would watch them: those of the file, and those added while running that it does not name."""
    from kronveil.additions import added_clusters  # noqa: PLC0415
    from kronveil.collectors.kubernetes.config import KubernetesConfig  # noqa: PLC0415

    section = config.collectors.kubernetes or KubernetesConfig()
    named = {each.name for each in section.clusters}
    added = [each for each in added_clusters(config.agent.data_dir) if each.name not in named]
    clusters = [
        replace(each, custom_resources=section.custom_resources_of(each)) for each in (*section.clusters, *added)
    ]
    return clusters, {each.name for each in added}


async def _examine_all(clusters: "Sequence[ClusterConfig]") -> "dict[str, list[Finding]]":
    import anyio  # noqa: PLC0415

    from kronveil.collectors.kubernetes.examine import Finding, examine  # noqa: PLC0415

    found: dict[str, list[Finding]] = {each.name: [] for each in clusters}
    permits = anyio.Semaphore(AT_ONCE)

    async def one(cluster: "ClusterConfig") -> None:
        findings = found[cluster.name]
        async with permits:
            with anyio.move_on_after(LONGEST_S) as patience:
                findings.extend([finding async for finding in examine(cluster)])
            if patience.cancelled_caught:
                findings.append(Finding("time", is_good=False, detail=f"not done after {LONGEST_S} s"))

    async with anyio.create_task_group() as tasks:
        for cluster in clusters:
            tasks.start_soon(one, cluster)
    return found


def _met_again(found: "Mapping[str, Sequence[Finding]]") -> "dict[str, list[Finding]]":
    """A cluster that is there under two names says so: it is counted once."""
    first: dict[str, str] = {}

    def told(name: str, finding: "Finding") -> "Finding":
        if finding.what != "identity" or not finding.is_good or first.setdefault(finding.detail, name) == name:
            return finding
        return replace(finding, detail=f"{finding.detail}: the same cluster as {first[finding.detail]}; counted once")

    return {name: [told(name, each) for each in findings] for name, findings in found.items()}


def _plain(finding: "Finding") -> dict[str, object]:
    return {"what": finding.what, "good": finding.is_good, "detail": finding.detail, "remedy": finding.remedy or None}


def _show(found: "Mapping[str, Sequence[Finding]]", added: set[str], own: "Sequence[Finding]") -> None:
    words = {True: "ok", False: "FAULT", None: "-"}
    where = [
        ("(this agent)", own),
        *((f"{name} ({ADDED})" if name in added else name, some) for name, some in found.items()),
    ]
    table(
        ("CLUSTER", "", "WHAT", "DETAIL"),
        [(name, words[each.is_good], each.what, each.detail) for name, some in where for each in _folded(some)],
    )
    for name, findings in where:
        remedies = dict.fromkeys(each.remedy for each in findings if each.is_good is False and each.remedy)
        if remedies:
            typer.echo(f"\n{clean(name)}, what to do:")
            for remedy in remedies:
                typer.echo(f"  {clean(remedy)}")
    typer.echo()


def _folded(findings: "Sequence[Finding]") -> "Iterator[Finding]":
    """What is alike at several kinds in one row; faults each in their own."""
    alike: dict[str, list[str]] = {}
    for each in findings:
        if each.is_good is not False:
            alike.setdefault(each.detail, []).append(each.what)
    for each in findings:
        whats = [each.what] if each.is_good is False else alike.pop(each.detail, [])
        if len(whats) > 1:
            yield replace(each, what=f"{len(whats)} kinds", detail=f"{each.detail}: {', '.join(whats)}")
        elif whats:
            yield each


def _summary(faulty: list[str], number: int, own: "Sequence[Finding]") -> str:
    if any(each.is_good is False for each in own):
        faulty = [*faulty, "this agent"]
    if not faulty:
        return "Nothing is missing."
    return f"Something is missing at {', '.join(faulty)}; all is well at {number + 1 - len(faulty)} of {number + 1}."

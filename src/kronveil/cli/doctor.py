"""`kronveil doctor`: try each configured cluster with its real credentials, and say what is missing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kronveil.cli.client import print_json
from kronveil.cli.ending import FAILED, WRONG_USAGE, end
from kronveil.cli.tables import table

if TYPE_CHECKING:
    from kronveil.collectors.kubernetes.config import ClusterConfig
    from kronveil.collectors.kubernetes.examine import Finding

AT_ONCE = 4
LONGEST_S = 120


def doctor(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="The configuration; without it, ./kronveil.yaml.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Try each configured cluster: kubeconfig, network, certificate, credentials, and each kind that is watched.

    Exit code 0: nothing is missing. 1: something is; the rows marked MISSING say what would help. 2: there is no
    cluster to try.

    Example: kronveil doctor -c kronveil.yaml
    """
    import anyio  # noqa: PLC0415 - keeps `kronveil --help` quick

    from kronveil.cli.up import load_or_explain  # noqa: PLC0415

    section = load_or_explain(config).collectors.kubernetes
    clusters = section.clusters if section is not None else ()
    if not clusters:
        end(WRONG_USAGE, "No cluster is configured. `kronveil init` writes a configuration from your kubeconfig.")
    found = anyio.run(_examine_all, clusters)
    is_missing = any(each.is_good is False for findings in found.values() for each in findings)
    if json:
        told = {
            name: [{"what": each.what, "good": each.is_good, "detail": each.detail} for each in findings]
            for name, findings in found.items()
        }
        print_json({"missing": is_missing, "clusters": told})
    else:
        _show(found, is_missing=is_missing)
    if is_missing:
        raise typer.Exit(FAILED)


async def _examine_all(clusters: "tuple[ClusterConfig, ...]") -> "dict[str, list[Finding]]":
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


def _show(found: "dict[str, list[Finding]]", *, is_missing: bool) -> None:
    words = {True: "ok", False: "MISSING", None: "-"}
    rows = [
        (name, words[each.is_good], each.what, each.detail) for name, findings in found.items() for each in findings
    ]
    table(("CLUSTER", "", "WHAT", "DETAIL"), rows)
    bad = [name for name, findings in found.items() if any(each.is_good is False for each in findings)]
    said = f"Something is missing at {', '.join(bad)}." if is_missing else "Nothing is missing."
    typer.echo(f"\n{said}")

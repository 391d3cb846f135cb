"""``kronveil demo``: the agent, a simulated fleet and the console, offline, in one command."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kronveil.cli.running import refuse, run_or_explain
from kronveil.cli.up import load_or_explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kronveil.api.serve import Listener
    from kronveil.config import Config
    from kronveil.lab import Story

API_PORT = 8080
CONSOLE_PORT = 3000


def demo(
    *,
    story: Annotated[str, typer.Option(help="Which story to play; see: kronveil lab list.")] = "demo",
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 1,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
    port_offset: Annotated[
        int, typer.Option(help="Added to every port: 8080, 3000, 8889 and 13133.", min=0, max=50000)
    ] = 0,
) -> None:
    """Play a story on three simulated clusters and watch Kronveil notice, with the console in a browser.

    Everything stays on this machine; no key and no cluster is needed.

    Example: kronveil demo --story out-of-memory --port-offset 100
    """
    from kronveil.config.places import state_folder  # noqa: PLC0415

    chosen = story_or_explain(story)
    folder = state_folder().with_name("kronveil-demo")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "kronveil.yaml"
    file.write_text(_configuration(chosen, folder, port_offset), encoding="utf-8")
    config = load_or_explain(file)
    typer.echo(f'SIMULATED WORLD: the clusters of "{chosen.title}" exist only in this process.')

    async def play() -> None:
        await _play(chosen, seed, config, folder / "kubeconfig", open_browser=not no_browser)

    run_or_explain(play, config)


def story_or_explain(name: str) -> "Story":
    """The story of this name or file, or what is wrong with it and exit code 2."""
    from kronveil.lab import StoryError, load_story  # noqa: PLC0415

    try:
        return load_story(name)
    except StoryError as problem:
        refuse(str(problem))


async def _play(story: "Story", seed: int, config: "Config", kubeconfig: Path, *, open_browser: bool) -> None:
    from kronveil.app import run  # noqa: PLC0415
    from kronveil.lab import open_lab  # noqa: PLC0415

    def announce(listeners: "Sequence[Listener]") -> None:
        urls = {listener.name: listener.url for listener in listeners}
        console = urls["dashboard"]
        typer.echo(f"console:  {console}")
        typer.echo(f"API:      {urls['api']}/api/v1/openapi.json")
        typer.echo(f"kubectl:  kubectl --kubeconfig {kubeconfig} get pods -A")
        typer.echo("Something breaks within a minute. Ctrl-C ends it.")
        if open_browser and _has_display():
            import webbrowser  # noqa: PLC0415

            webbrowser.open(console)

    async with open_lab(story, seed=seed) as lab:
        lab.write_kubeconfig(kubeconfig)
        await run(
            config,
            announce=announce,
            is_simulated=True,
            way_out="Free it, or move every port: kronveil demo --port-offset 100 (make run ARGS='--port-offset 100')",
        )


def _has_display() -> bool:
    """A browser without a screen would only hang a terminal."""
    return (
        os.name == "nt"
        or os.uname().sysname == "Darwin"
        or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    )


def _configuration(story: "Story", folder: Path, port_offset: int) -> str:
    """An ordinary configuration: the agent is not told that its clusters are simulated."""
    import json  # noqa: PLC0415

    clusters = "".join(
        f"      - {{name: {json.dumps(name)}, kubeconfig_path: {json.dumps(str(folder / 'kubeconfig'))}, "
        f"context: {json.dumps(name)}, write: {{}}}}\n"
        for name in (cluster.name for cluster in story.clusters)
    )
    return (
        "# Written anew by each `kronveil demo`; change nothing here.\n"
        f"agent: {{data_dir: {json.dumps(str(folder))}, log_level: warning}}\n"
        f"listen: {{api: {API_PORT + port_offset}, dashboard: {CONSOLE_PORT + port_offset}, "
        f"prometheus: {8889 + port_offset}, health: {13133 + port_offset}}}\n"
        "collectors:\n  kubernetes:\n    poll_interval: 5s\n    stale_after: 15s\n    unreachable_after: 45s\n"
        "    metrics_interval: 3s\n"
        f"    clusters:\n{clusters}"
        "incidents: {resolve_after: 15s}\n"
        "runbooks: {live: true, auto_execute: false, settle: 20s}\n"
    )

"""`kronveil status`: how the agent is, what it watches and what is open, in one screen."""

from collections.abc import Mapping

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json
from kronveil.cli.tables import age, books_line, clean, count, coverage_line, since, table


def status(*, url: Url = None, json: AsJson = False) -> None:
    """Show how the agent is, what it watches and what is open.

    Example: kronveil status --json
    """
    answer = fetch(url, "status")
    if json:
        print_json(answer.body)
        return
    told = answer.body
    if told["simulated"]:
        typer.echo("SIMULATED WORLD: these clusters are the lab's.")
    typer.echo(f"kronveil {clean(told['version'])} is {told['health']}, up for {age(told['uptime_s'])}\n")
    fleet = told["fleet"]
    for name, value in (
        ("clusters", _states(fleet["clusters"])),
        ("pods", count(fleet["pods"], is_complete=fleet["complete"])),
        ("nodes", count(fleet["nodes"], is_complete=fleet["complete"])),
        ("events", f"{count(fleet['events'])} since the first start"),
        ("incidents", _open(told["incidents_open"])),
        ("books", books_line(told["books"])),
    ):
        typer.echo(f"{name:<11}{value}")
    typer.echo()
    health = fetch(url, "health")
    rows = [
        (part["name"], part["status"], age(since(part["since"], health.at)), part["message"])
        for part in health.body["components"]
    ]
    table(("PART", "HEALTH", "FOR", "MESSAGE"), rows, right=("FOR",))
    typer.echo(f"\n{coverage_line(fleet['clusters'], fleet['missing'])}")


def _states(clusters: Mapping[str, int]) -> str:
    states = [f"{number} {state}" for state, number in clusters.items() if state != "total" and number]
    return f"{clusters['total']}: {', '.join(states)}" if states else "none"


def _open(by_severity: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {severity}" for severity, number in by_severity.items() if number) or "none open"

"""Which commands there are. The names and exit codes are those of the documentation's reference page."""

from typing import Annotated

import typer

from kronveil import __version__
from kronveil.cli.audit import audit
from kronveil.cli.bench import bench
from kronveil.cli.changes import changes
from kronveil.cli.check import check
from kronveil.cli.clusters import clusters
from kronveil.cli.db import db
from kronveil.cli.demo import demo
from kronveil.cli.doctor import doctor
from kronveil.cli.events import events
from kronveil.cli.explain import explain
from kronveil.cli.incidents import incidents
from kronveil.cli.init import init
from kronveil.cli.lab import lab
from kronveil.cli.notify import notify
from kronveil.cli.policy import policy
from kronveil.cli.run_acts import answer, approve, cancel, edit, reject, revoke, run
from kronveil.cli.runbook import runbook
from kronveil.cli.runbooks import executions, runbooks
from kronveil.cli.signals import signals
from kronveil.cli.silences import silences
from kronveil.cli.status import status
from kronveil.cli.token import token
from kronveil.cli.up import up

app = typer.Typer(
    name="kronveil",
    help="Watch many Kubernetes clusters: what broke, what changed, why, and what to do about it.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 agent unreachable, 130 interrupted.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - a typer callback takes the flag's value
    if wanted:
        typer.echo(f"kronveil {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


for run_agent in (up, demo):
    app.command(rich_help_panel="Run")(run_agent)
for prepare in (init, check, doctor):
    app.command(rich_help_panel="Prepare")(prepare)
app.command(rich_help_panel="Ask a running agent")(status)
app.add_typer(clusters, name="clusters", rich_help_panel="Ask a running agent")
app.add_typer(incidents, name="incidents", rich_help_panel="Ask a running agent")
app.add_typer(silences, name="silences", rich_help_panel="Ask a running agent")
for ask in (events, changes, signals, explain):
    app.command(rich_help_panel="Ask a running agent")(ask)
for respond in (runbooks, executions, run, approve, reject, revoke, edit, answer, cancel):
    app.command(rich_help_panel="Act and prove it")(respond)
app.add_typer(notify, name="notify", rich_help_panel="Look after")
app.add_typer(runbook, name="runbook", rich_help_panel="Act and prove it")
app.add_typer(policy, name="policy", rich_help_panel="Act and prove it")
app.add_typer(audit, name="audit", rich_help_panel="Look after")
app.add_typer(token, name="token", rich_help_panel="Look after")
app.add_typer(db, name="db", rich_help_panel="Look after")
app.add_typer(lab, name="lab", rich_help_panel="Prove")
app.command(rich_help_panel="Prove")(bench)

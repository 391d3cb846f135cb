"""`kronveil db`: the store on this machine, with its agent running or stopped."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kronveil.cli.client import print_json
from kronveil.cli.ending import end
from kronveil.cli.running import EXIT_FAILED, refuse

if TYPE_CHECKING:
    from kronveil.stores.sqlite.looking import Contents, Progress

db = typer.Typer(
    help="Look after the store: back it up, put a backup back, check it, migrate it.", no_args_is_help=True
)

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="The agent's configuration, for its agent.data_dir.")
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="The data folder itself. Default: that of ./kronveil.yaml, or yours.")
]
Json = Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")]


@db.command()
def backup(
    to: Annotated[Path, typer.Argument(help="The file to write, or a folder to put one into.")] = Path(),
    *,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    json: Json = False,
) -> None:
    """Write the whole store into one file. The agent may go on running.

    Example: kronveil db backup /backups/
    """
    folder = folder_of(config, data_dir)
    target = to / f"kronveil-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db" if to.is_dir() else to
    with _working("backing up", quiet=json) as progress:
        from kronveil.stores.sqlite.upkeep import backup as write  # noqa: PLC0415 - keeps `kronveil --help` quick

        try:
            contents = write(folder, target, overwrite=force, progress=progress)
        except FileExistsError:
            refuse(f"{target} is there already. Name another file, or overwrite it with --force (never the store).")
    if json:
        print_json({"store": str(folder), "backup": str(target), **_plain(contents)})
        return
    typer.echo(f"backed up {folder}\nto        {target}\n{_told(contents)}")
    typer.echo(f"To put it back: kronveil db restore {target}")


@db.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What `kronveil db backup` wrote.")],
    *,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Make a backup the store again. The agent must be stopped; the store that was there is kept beside it.

    Example: kronveil db restore /backups/kronveil-20260102T030405Z.db
    """
    folder = folder_of(config, data_dir)
    if not source.is_file():
        refuse(f"there is no file {source}. Name a file that `kronveil db backup` wrote.")
    with _working("restoring", quiet=json) as progress:
        from kronveil.stores.sqlite.upkeep import restore as put_back  # noqa: PLC0415

        done = put_back(folder, source, progress=progress)
    kept = None if done.kept is None else str(done.kept)
    if json:
        print_json({"store": str(folder), "backup": str(source), "kept": kept, **_plain(done.contents)})
        return
    typer.echo(f"restored  {source}\nto        {folder}\n{_told(done.contents)}")
    typer.echo(f"kept      {kept or 'nothing: there was no store'}")
    typer.echo("Start the agent: it looks at the clusters again, and opens what is wrong now.")


@db.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="A backup to check. Default: the store.")] = None,
    *,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Read all of the store and say whether it is whole. The agent may go on running. Exit code 1: it is not.

    Example: kronveil db check --json
    """
    path = file if file is not None else folder_of(config, data_dir) / "kronveil.db"
    with _working("checking", quiet=json) as progress:
        from kronveil.stores.sqlite.examining import examine  # noqa: PLC0415
        from kronveil.stores.sqlite.looking import contents_of  # noqa: PLC0415

        found = examine(path, progress)
        contents = contents_of(path) if found.is_whole else None
    findings = [{"where": finding.where, "what": finding.what} for finding in found.findings]
    if json:
        about = {} if contents is None else _plain(contents)
        print_json({"file": str(path), "whole": found.is_whole, "deep": found.is_deep, "findings": findings, **about})
    elif contents is not None:
        typer.echo(f"whole     {path}\n{_told(contents)}")
        if not found.is_deep:
            typer.echo("Its schema is an older one: only SQLite's own check was made. `kronveil db migrate` first.")
    else:
        for finding in found.findings:
            typer.echo(f"{finding.where}: {finding.what}", err=True)
        typer.echo(f"NOT WHOLE {path}: {_number(len(findings), 'finding')}. {_WAY_BACK}", err=True)
    if not found.is_whole:
        raise typer.Exit(EXIT_FAILED)


@db.command()
def migrate(
    *,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    no_copy: Annotated[bool, typer.Option("--no-copy", help="Do not keep the file as it was.")] = False,
    json: Json = False,
) -> None:
    """Bring the store to the schema of this version, as the agent's next start would. The agent must be stopped.

    Example: kronveil db migrate -c kronveil.yaml
    """
    folder = folder_of(config, data_dir)
    with _working("migrating", quiet=json) as progress:
        from kronveil.stores.sqlite.upkeep import migrate as take_steps  # noqa: PLC0415

        done = take_steps(folder, keep_copy=not no_copy, progress=progress)
    copy = None if done.copy is None else str(done.copy)
    if json:
        print_json({"store": str(folder), "from": done.was, "to": done.now, "copy": copy})
    elif done.was == done.now:
        typer.echo(f"{folder} has schema {done.now} already; there was nothing to do.")
    else:
        typer.echo(f"migrated  {folder}\nschema    {done.was} -> {done.now}\nkept      {copy or 'no copy'}")


_WAY_BACK = "To go on from a backup: kronveil db restore FILE. To keep what can be read: sqlite3 FILE .recover"


def folder_of(config: Path | None, data_dir: Path | None) -> Path:
    """The data folder: as said, as configured, as the environment says, or the user's own."""
    if data_dir is not None and config is not None:
        refuse("say -c FILE or --data-dir FOLDER, not both")
    if data_dir is not None:
        return data_dir
    if config is not None or Path("kronveil.yaml").exists():
        from kronveil.cli.up import load_or_explain  # noqa: PLC0415

        return Path(load_or_explain(config).agent.data_dir)
    from kronveil.config.places import state_folder  # noqa: PLC0415

    own = os.environ.get("KRONVEIL__AGENT__DATA_DIR")
    return Path(own) if own else state_folder()


@contextmanager
def _working(what: str, *, quiet: bool) -> "Generator[Progress]":
    """Say how far it is, on a terminal only; and what goes wrong in words."""
    from kronveil.sdk.errors import PluginError  # noqa: PLC0415

    is_shown = not quiet and sys.stderr.isatty()

    def progress(done: float | None) -> None:
        if is_shown:
            sys.stderr.write(f"\r{what} ..." if done is None else f"\r{what} {done:4.0%}")
            sys.stderr.flush()

    try:
        yield progress
    except PluginError as error:
        end(EXIT_FAILED, str(error))
    finally:
        if is_shown:
            sys.stderr.write("\r\x1b[K")


def _told(contents: "Contents") -> str:
    newest = "none" if contents.newest_at is None else _stamp(contents.newest_at)
    return (
        f"size      {contents.size_bytes:,} bytes\n"
        f"schema    {contents.schema}\n"
        f"holds     {_number(contents.events, 'event')} (newest: {newest}), "
        f"{_number(contents.incidents, 'incident')} ({contents.unfinished:,} not resolved), "
        f"{_number(contents.changes, 'change')}, {_number(contents.silences, 'silence')}"
    )


def _plain(contents: "Contents") -> dict[str, object]:
    return {
        "size_bytes": contents.size_bytes,
        "schema": contents.schema,
        "events": contents.events,
        "incidents": contents.incidents,
        "incidents_unfinished": contents.unfinished,
        "changes": contents.changes,
        "silences": contents.silences,
        "newest_event_at": None if contents.newest_at is None else _stamp(contents.newest_at),
    }


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

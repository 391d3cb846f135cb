"""`kronveil init`: write a commented kronveil.yaml from the contexts of the user's kubeconfig."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

FAILED = 1
DEFAULT_FILE = Path("kronveil.yaml")


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = DEFAULT_FILE,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a commented kronveil.yaml that watches the clusters of your kubeconfig, read-only.

    It looks where kubectl looks: the files in KUBECONFIG, else ~/.kube/config. No credential is copied.

    Example: KUBECONFIG=east.yaml:west.yaml kronveil init
    """
    from kronveil.config.kubeconfig import kubeconfig_paths, read_kubeconfigs  # noqa: PLC0415 - as in check
    from kronveil.config.places import home  # noqa: PLC0415
    from kronveil.config.scaffold import render  # noqa: PLC0415
    from kronveil.config.summary import counted  # noqa: PLC0415

    if file.exists() and not force:
        typer.echo(f"{file} exists and stays as it is. Overwrite it with --force.", err=True)
        raise typer.Exit(FAILED)
    paths = kubeconfig_paths(os.environ)
    found = read_kubeconfigs(paths)
    for trouble in found.trouble:
        typer.echo(f"warning: {trouble}", err=True)
    try:
        write_whole(file, render(found.contexts, home(os.environ)))
    except OSError as error:
        typer.echo(f"{file} cannot be written: {error.strerror or type(error).__name__}.", err=True)
        raise typer.Exit(FAILED) from None
    looked = ", ".join(map(str, paths))
    servers = len({context.server for context in found.contexts})
    what = f": {counted(servers, 'cluster')} from {looked}" if servers else f" as an example: no context in {looked}"
    is_default = file == DEFAULT_FILE
    typer.echo(f"Wrote {file}{what}.")
    typer.echo(f"Check it: kronveil check{'' if is_default else f' {file}'}")
    typer.echo(f"Start it: kronveil up{'' if is_default else f' -c {file}'}")


def write_whole(file: Path, text: str) -> None:
    """Write the file in one step, so that a full disk leaves no half of it. Only its owner may read it."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

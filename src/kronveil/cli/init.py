"""`kronveil init`: write a commented kronveil.yaml from the contexts of the user's kubeconfig."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from kronveil.config.kubeconfig import kubeconfig_paths, read_kubeconfigs
from kronveil.config.loading import DEFAULT_FILE
from kronveil.config.places import home
from kronveil.config.scaffold import render

FAILED = 1


def init(
    file: Annotated[Path, typer.Argument(help="The file to write.")] = DEFAULT_FILE,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,  # noqa: FBT002 - Typer's form of a flag
) -> None:
    """Write a commented kronveil.yaml that watches the clusters of your kubeconfig, read-only.

    It looks where kubectl looks: the files in KUBECONFIG, else ~/.kube/config. No credential is copied.
    """
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
    servers = len({context.server for context in found.contexts})
    looked = ", ".join(map(str, paths))
    if servers:
        typer.echo(f"Wrote {file}: {servers} cluster{'s' if servers > 1 else ''} from {looked}.")
    else:
        typer.echo(f"Wrote {file} with an example: no context was found in {looked}.")
    suffix = "" if file == DEFAULT_FILE else f" {file}"
    typer.echo(f"Check it: kronveil check{suffix}   Start: kronveil up{suffix and f' -c{suffix}'}")


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

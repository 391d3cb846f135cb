"""`kronveil token`: who may call an agent that asks for a token. Works on its data folder, whether it runs or not."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kronveil.cli.client import print_json
from kronveil.cli.ending import FAILED, WRONG_USAGE, end
from kronveil.cli.tables import table
from kronveil.cli.times import seconds_of

if TYPE_CHECKING:
    from kronveil.api.tokens import Token, TokenFile

token = typer.Typer(help="Make, list and revoke the tokens of the API.", no_args_is_help=True)
_ROLES = ("viewer", "operator", "approver", "auditor", "admin")

ConfigFile = Annotated[
    Path | None, typer.Option("--config", "-c", help="The agent's configuration, for its agent.data_dir.")
]
Json = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@token.command()
def create(
    *,
    role: Annotated[str, typer.Option(help=f"What it may do: {', '.join(_ROLES)}.")],
    name: Annotated[
        str | None, typer.Option(help="Who will use it; stands in timelines. Default: role and id.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="How long it lives: 12h, 30d. Default: until it is revoked.")
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a token. It alone is printed on standard output, once; the agent keeps nothing but its hash.

    With --json it is printed with what is known of it, as the API answers.

    Example: kronveil token create --role operator --name ada --expires 30d > ada.token
    """
    import re  # noqa: PLC0415 - keeps `kronveil --help` quick

    from kronveil.api.encode import restamp  # noqa: PLC0415
    from kronveil.api.roles import ROLES, Role  # noqa: PLC0415
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    known: Role | None = next((each for each in ROLES if each == role), None)
    if known is None:
        end(WRONG_USAGE, f"--role {role}: there are {', '.join(_ROLES)}.")
    if name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", name):
        end(WRONG_USAGE, "--name: use up to 64 letters, digits, dots, dashes, _ and @.")
    lives = None if expires is None else timedelta(seconds=seconds_of("--expires", expires))
    try:
        made, text = _tokens(config).create(known, name, lives, datetime.now(UTC))
    except ConfigError as error:
        end(FAILED, str(error))
    except OverflowError:
        end(WRONG_USAGE, f"--expires {expires} is later than time goes.")
    if json:
        print_json({"token": text.reveal(), "about": _plain(made)})
        return
    until = f"until {restamp(made.expires_at)}" if made.expires_at else "until it is revoked"
    typer.echo(f"token {made.id}, named {made.name}: {made.role}, {until}", err=True)
    typer.echo(text.reveal())


@token.command("list")
def show(*, config: ConfigFile = None, json: Json = False) -> None:
    """List the tokens, oldest first.

    Example: kronveil token list
    """
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    try:
        held = _tokens(config).all()
    except ConfigError as error:
        end(FAILED, str(error))
    items = [_plain(each) for each in held]
    if json:
        print_json({"items": items, "next_cursor": None})
        return
    if not items:
        typer.echo("There are no tokens. `kronveil token create --role ROLE` makes one.")
        return
    rows = [
        (each["id"], each["name"], each["role"], each["created_at"], _until(each["expires_at"], each["expired"]))
        for each in items
    ]
    table(("ID", "NAME", "ROLE", "MADE", "UNTIL"), rows)


def _plain(token: "Token") -> dict[str, Any]:
    """As the API tells of one: never its text."""
    from kronveil.api.encode import restamp  # noqa: PLC0415

    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "created_at": restamp(token.created_at),
        "expires_at": None if token.expires_at is None else restamp(token.expires_at),
        "expired": token.is_expired(datetime.now(UTC)),
    }


def _until(expires_at: str | None, is_expired: bool) -> str:  # noqa: FBT001 - both come from one row
    if expires_at is None:
        return "it is revoked"
    return f"{expires_at} (over)" if is_expired else expires_at


@token.command()
def revoke(
    id_or_name: Annotated[str, typer.Argument(metavar="ID|NAME", help="As `kronveil token list` shows it.")],
    *,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Take a token back; a running agent refuses it within a second.

    Example: kronveil token revoke ada
    """
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    try:
        gone = _tokens(config).revoke(id_or_name)
    except ConfigError as error:
        end(FAILED, str(error))
    if gone is None:
        end(FAILED, f"There is no token {id_or_name}. `kronveil token list` shows those there are.")
    if json:
        print_json({"revoked": _plain(gone)})
        return
    typer.echo(f"token {gone.id}, named {gone.name}, is revoked", err=True)


def _tokens(config: Path | None) -> "TokenFile":
    """Of the configuration given, else of ./kronveil.yaml, else of this user's own agent."""
    from kronveil.api.tokens import TokenFile  # noqa: PLC0415
    from kronveil.config import load  # noqa: PLC0415
    from kronveil.config.loading import DEFAULT_FILE  # noqa: PLC0415
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    file = config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    try:
        return TokenFile(load(file, os.environ).agent.data_dir)
    except ConfigError as problems:
        end(WRONG_USAGE, str(problems))

"""`kronveil audit`: who did what, whether anything of it was changed afterwards, and a copy to keep elsewhere."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kronveil.cli.client import AsJson, Url, fetch, print_json
from kronveil.cli.db import ConfigFile, DataDir, folder_of
from kronveil.cli.ending import FAILED, WRONG_USAGE, end
from kronveil.cli.tables import age, since, table

if TYPE_CHECKING:
    from kronveil.model.audit import AuditEntry, AuditSeal
    from kronveil.sdk.chain import Verified

audit = typer.Typer(help="Who did what, when and why; and whether that was changed afterwards.", no_args_is_help=True)


@audit.command("list")
def show(  # noqa: PLR0913 - each is an option of the command line
    *,
    actor: Annotated[str | None, typer.Option(help="Only what this one did.")] = None,
    act: Annotated[str | None, typer.Option(help="Only this: execution.approved, or execution.")] = None,
    target: Annotated[str | None, typer.Option(help="Only what was done to this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """List deeds, newest first. Needs the role auditor.

    Example: kronveil audit list --act execution.approved
    """
    given = {"actor": actor, "act": act, "target": target, "limit": limit}
    answer = fetch(url, "audit", {name: value for name, value in given.items() if value is not None})
    if json:
        print_json(answer.body)
        return
    items = answer.body["items"]
    rows = [
        (each["seq"], age(since(each["at"], answer.at)), each["actor"], each["act"], each["target"], each["why"])
        for each in items
    ]
    if rows:
        table(("SEQ", "AGE", "WHO", "WHAT", "TO", "WHY"), rows, right=("SEQ", "AGE"))
        typer.echo()
    more = "; there are older ones, see --limit" if answer.body["next_cursor"] is not None else ""
    typer.echo(f"{len(items)} deeds{more}." if items else "No such deeds.")


@audit.command()
def verify(  # noqa: PLR0913 - each is an option of the command line
    *,
    file: Annotated[Path | None, typer.Option(help="An export, in place of a store or an agent.")] = None,
    known: Annotated[
        str | None,
        typer.Option(metavar="SEQ:HASH", help="What an earlier check printed: it must still be there."),
    ] = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    url: Url = None,
    json: AsJson = False,
) -> None:
    """Compute the chain of the audit again; exit 1, and name the entry, where it does not fit.

    Looks at the store on this machine, whether its agent runs or not; with --url a running agent does it.

    Example: kronveil audit verify; kronveil audit verify --file audit.jsonl --known 1041:3f0c...
    """
    place = _place(known)
    if file is not None:
        found = _of_file(file, place)
    elif url is not None:
        asked = {} if place is None else {"seq": place.seq, "hash": place.hash}
        found = _of_agent(url, asked)
    else:
        found = _of_store(folder_of(config, data_dir), place)
    if json:
        names = ("entries", "first_seq", "last_seq", "last_hash", "broken_at", "why")
        print_json({"whole": found.broken_at is None, **{name: getattr(found, name) for name in names}})
    elif found.broken_at is None:
        typer.echo(f"The audit is whole: {found.entries} entries, {found.first_seq} to {found.last_seq}.")
        typer.echo(f"To miss what may be cut off later, keep this elsewhere: {found.last_seq}:{found.last_hash}")
    else:
        typer.echo(f"THE AUDIT IS BROKEN at seq {found.broken_at}: {found.why}.")
        typer.echo(f"{found.entries} entries before it are whole, up to {found.last_seq}.")
    if found.broken_at is not None:
        raise typer.Exit(FAILED)


@audit.command()
def export(
    *,
    to: Annotated[Path | None, typer.Option(help="The file to write. Default: standard output.")] = None,
    from_seq: Annotated[int | None, typer.Option(min=1, help="Only from this entry on.")] = None,
    url: Url = None,
) -> None:
    """Write the audit as JSON lines, oldest first. That it was exported is in the audit, too.

    Example: kronveil audit export --to audit.jsonl && kronveil audit verify --file audit.jsonl
    """
    import json  # noqa: PLC0415 - keeps `kronveil --help` quick

    lines = (json.dumps(each, ensure_ascii=False) for each in _exported(url, from_seq))
    if to is None:
        for line in lines:
            typer.echo(line)
        return
    try:
        with to.open("w", encoding="utf-8") as out:
            number = sum(bool(out.write(line + "\n")) for line in lines)
    except OSError as error:
        end(FAILED, f"{to} cannot be written: {error.strerror}")
    typer.echo(f"{number - 1} entries are in {to}", err=True)


def _exported(url: str | None, from_seq: int | None) -> Iterator[Mapping[str, Any]]:
    """First where the chain begins, then each entry."""
    page = fetch(url, "audit/export", {"limit": 5000} | ({} if from_seq is None else {"from_seq": from_seq})).body
    items = page["items"]
    begins = {"seq": page["sealed_seq"], "hash": page["sealed_hash"]}
    if items and items[0]["seq"] != begins["seq"] + 1:
        begins = {"seq": items[0]["seq"] - 1, "hash": items[0]["prev_hash"]}
    yield {"follows": begins}
    while True:
        yield from page["items"]
        if page["next_seq"] is None:
            return
        page = fetch(url, "audit/export", {"limit": 5000, "from_seq": page["next_seq"]}).body


def _place(known: str | None) -> "AuditSeal | None":
    from kronveil.model.audit import AuditSeal  # noqa: PLC0415

    if known is None:
        return None
    seq, _, hash_ = known.partition(":")
    if not seq.isdecimal() or len(hash_) != 64 or set(hash_) - set("0123456789abcdef"):
        end(WRONG_USAGE, "--known: write SEQ:HASH as an earlier check printed it.")
    return AuditSeal(int(seq), hash_)


def _of_store(folder: Path, place: "AuditSeal | None") -> "Verified":
    from kronveil.sdk.chain import verified  # noqa: PLC0415
    from kronveil.sdk.errors import PluginError  # noqa: PLC0415
    from kronveil.stores.sqlite.looking import audit_in  # noqa: PLC0415
    from kronveil.stores.sqlite.store import FILE_NAME  # noqa: PLC0415

    try:
        with audit_in(folder / FILE_NAME) as (entries, seal):
            return verified(entries, seal, known=place)
    except PluginError as error:
        end(FAILED, str(error))


def _of_agent(url: str, asked: Mapping[str, Any]) -> "Verified":
    from kronveil.sdk.chain import Verified  # noqa: PLC0415

    body = fetch(url, "audit/verify", asked).body
    names = ("entries", "first_seq", "last_seq", "last_hash", "broken_at", "why")
    return Verified(**{name: body[name] for name in names})


def _of_file(file: Path, place: "AuditSeal | None") -> "Verified":
    import json  # noqa: PLC0415

    from kronveil.model.audit import AuditSeal  # noqa: PLC0415
    from kronveil.sdk.chain import verified  # noqa: PLC0415

    try:
        with file.open(encoding="utf-8") as lines:
            begins = json.loads(next(lines, "null"))["follows"]
            entries = _entries(json.loads(line) for line in lines if line.strip())
            return verified(entries, AuditSeal(begins["seq"], begins["hash"]), known=place)
    except OSError as error:
        end(FAILED, f"{file} cannot be read: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        end(FAILED, f"{file} is no export of an audit: write one with kronveil audit export --to {file}")


def _entries(items: Iterable[Mapping[str, Any]]) -> "Iterator[AuditEntry]":
    from datetime import datetime  # noqa: PLC0415

    from kronveil.model.audit import AuditEntry, AuditNote  # noqa: PLC0415

    for each in items:
        texts = (each["actor"], each["act"], each["target"], each["why"], each["before"], each["after"])
        note = AuditNote(datetime.fromisoformat(each["at"]), *texts)
        yield AuditEntry(each["seq"], note, each["prev_hash"], each["hash"])

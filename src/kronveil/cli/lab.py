"""``kronveil lab``: the simulated world, its stories, and what the agent makes of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from kronveil.cli.demo import story_or_explain

if TYPE_CHECKING:
    from kronveil.lab import Scorecard, Story
    from kronveil.lab.scorecard import Row

lab = typer.Typer(help="Stories of a simulated fleet, and how well the agent reads them.", no_args_is_help=True)


@lab.command("list")
def list_them(*, json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say which stories there are.

    Example: kronveil lab list
    """
    from kronveil.lab import list_stories  # noqa: PLC0415

    stories = list_stories()
    if json:
        _print_json([{"name": s.name, "title": s.title, "duration_s": s.duration_s} for s in stories])
        return
    width = max(len(story.name) for story in stories)
    for story in stories:
        typer.echo(f"{story.name:<{width}}  {story.title}")
    typer.echo(
        "\nPlay one in a browser: kronveil demo --story NAME. Score the agent: kronveil lab run NAME --scorecard"
    )


@lab.command("run")
def run_them(
    stories: Annotated[list[str], typer.Argument(help="Names from `kronveil lab list`, or story files.")],
    *,
    scorecard: Annotated[
        bool, typer.Option("--scorecard", help="Show what was expected against what was found.")
    ] = False,
    speed: Annotated[float, typer.Option(help="How much faster than real time.", min=0.5, max=20)] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Play stories to the agent, offline, and compare. Exit code 1 when it missed something or cried wolf.

    Example: kronveil lab run bad-image out-of-memory --scorecard
    """
    import anyio  # noqa: PLC0415

    from kronveil import logs  # noqa: PLC0415
    from kronveil.cli.story_run import play_to_the_agent  # noqa: PLC0415

    chosen = [story_or_explain(name) for name in stories]
    logs.set_up("error", "auto")
    cards: list[Scorecard] = []
    for story in chosen:
        typer.echo(f"{story.name}: {story.title} ({_duration(story, speed)})", err=True)
        cards.append(anyio.run(play_to_the_agent, story, seed, speed))
    if json:
        _print_json([_plain(card) for card in cards])
    else:
        for card in cards:
            _print_card(card, speed, whole=scorecard)
    if not all(card.is_clean for card in cards):
        raise typer.Exit(1)


def _duration(story: "Story", speed: float) -> str:
    return f"{story.duration_s:.0f} s of story in about {story.duration_s / speed:.0f} s"


def _print_card(card: "Scorecard", speed: float, *, whole: bool) -> None:
    right = sum(row.expected is not None and row.mark == "found" for row in card.rows)
    expected = sum(row.expected is not None for row in card.rows)
    false = len(card.rows) - expected
    word = "as expected" if card.is_clean else "NOT as expected"
    typer.echo(f"{card.story}: {word}; {right} of {expected} expected incidents found in time, {false} not expected")
    if not whole or not card.rows:
        return
    table = [("VERDICT", "INCIDENT", "CLUSTER", "OWNER", "EXPECTED", "FOUND")]
    table += [_cells(row, speed) for row in card.rows]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(table[0]))]
    for cells in table:
        typer.echo("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())


def _cells(row: "Row", speed: float) -> tuple[str, str, str, str, str, str]:
    what = row.expected or row.found
    assert what is not None  # noqa: S101 - a row is about one of the two
    return (row.mark.value, what.kind, what.cluster, what.owner, _expected(row), _found(row, speed))


def _expected(row: "Row") -> str:
    if row.expected is None:
        return "nothing"
    until = row.expected.recovered_within_s
    return f"by {row.expected.within_s:g} s" + (f", over by {until:g} s" if until is not None else "")


def _found(row: "Row", speed: float) -> str:
    if row.found is None:
        return "nothing"
    over = row.found.resolved_after_s
    return f"at {row.found.opened_after_s * speed:.0f} s" + (
        f", over at {over * speed:.0f} s" if over is not None else ", still open"
    )


def _plain(card: "Scorecard") -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415

    return {"story": card.story, "is_clean": card.is_clean, "rows": [asdict(row) for row in card.rows]}


def _print_json(value: object) -> None:
    import json  # noqa: PLC0415

    typer.echo(json.dumps(value, indent=2))

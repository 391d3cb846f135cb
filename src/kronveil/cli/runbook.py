"""`kronveil runbook lint`, `test` and `schema`: what whoever writes a runbook has at hand, with no agent running."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kronveil.cli.client import AsJson, print_json
from kronveil.cli.ending import FAILED, WRONG_USAGE, end

if TYPE_CHECKING:
    from kronveil.config.runbook_tests import CaseResult
    from kronveil.model.runbook import Runbook

runbook = typer.Typer(help="Write runbooks: lint them, run their test cases.", no_args_is_help=True)
Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[PATH...]",
        help="Files or folders. Default: runbooks.directory of ./kronveil.yaml, else the bundled ones.",
        show_default=False,
    ),
]


@runbook.command()
def lint(paths: Paths = None, *, json: AsJson = False) -> None:
    """Say everything that is wrong with runbooks, with line and column. Exit code 2 when anything is.

    Example: kronveil runbook lint runbooks/
    """
    found, problems = _read(paths)
    if json:
        print_json({"valid": not problems, "runbooks": sorted(found), "problems": [_plain(each) for each in problems]})
    else:
        for each in problems:
            typer.echo(str(each), err=True)
        count = (
            f"{len(problems)} problem{'s' if len(problems) != 1 else ''}" if problems else "nothing to complain about"
        )
        typer.echo(f"{_counted(len(found))}; {count}.", err=bool(problems))
    if problems:
        raise typer.Exit(WRONG_USAGE)


@runbook.command("test")
def run_test_cases(paths: Paths = None, *, json: AsJson = False) -> None:
    """Run the test cases beside runbooks: NAME.test.yaml for NAME.yaml. Exit code 1 when one fails.

    Example: kronveil runbook test runbooks/restart.yaml
    """
    from kronveil.config.runbook_actions import known_actions  # noqa: PLC0415 - keeps `kronveil --help` quick
    from kronveil.config.runbook_tests import cases_path, run_cases  # noqa: PLC0415

    found, problems = _read(paths)
    if problems:
        end(WRONG_USAGE, "\n".join(map(str, problems)))
    actions, results, untested = known_actions(), list["tuple[str, CaseResult]"](), list[str]()
    for name, (path, written) in sorted(found.items()):
        beside = cases_path(path, written)
        if beside.exists():
            results += [(name, each) for each in run_cases(beside, written, actions)]
        else:
            untested.append(name)
    failed = [each for each in results if each[1].problems]
    if json:
        cases = [
            {"runbook": name, "name": one.name, "problems": [_plain(p) for p in one.problems]} for name, one in results
        ]
        print_json({"passed": not failed, "cases": cases, "untested": untested})
    else:
        for name, one in results:
            typer.echo(f"{'FAIL' if one.problems else 'ok  '}  {name}: {one.name}")
            for each in one.problems:
                typer.echo(f"      {each}")
        left = f"; without test cases: {', '.join(untested)}" if untested else ""
        typer.echo(f"{len(results) - len(failed)} of {len(results)} cases passed{left}.")
    if failed:
        raise typer.Exit(FAILED)


@runbook.command()
def schema() -> None:
    """Print the JSON Schema of a runbook, for an editor that completes and checks while one writes.

    Example: kronveil runbook schema > runbook.schema.json
    """
    from kronveil.config.runbook_schema import schema as written  # noqa: PLC0415 - keeps `kronveil --help` quick

    print_json(written())


def _read(paths: list[Path] | None) -> "tuple[dict[str, tuple[Path, Runbook]], Sequence[object]]":
    """The runbooks by id, each with its file, and what is wrong with any."""
    from kronveil.config.runbook_actions import known_actions  # noqa: PLC0415
    from kronveil.config.runbook_files import BUNDLED, lint_files, runbook_paths  # noqa: PLC0415

    actions = known_actions()
    files = [each for path in (paths or _usual()) for each in _files(path)]
    bundled, _ = lint_files(runbook_paths(BUNDLED), actions)
    runbooks, problems = lint_files(files, actions, bundled)
    by_name = {path.stem: path for path in files}
    return {name: (by_name.get(name, Path(one.source)), one) for name, one in runbooks.items()}, problems


def _files(path: Path) -> Sequence[Path]:
    from kronveil.config.runbook_files import SUFFIXES, is_test, runbook_paths  # noqa: PLC0415

    if path.is_dir():
        return runbook_paths(path)
    if not path.exists():
        end(WRONG_USAGE, f"{path}: there is no such file or folder.")
    if path.suffix not in SUFFIXES:
        end(WRONG_USAGE, f"{path}: a runbook is a file that ends in {', '.join(SUFFIXES)}.")
    return [path.with_name(f"{path.stem.removesuffix('.test')}{path.suffix}")] if is_test(path) else [path]


def _usual() -> list[Path]:
    from kronveil.config import find_file, load  # noqa: PLC0415
    from kronveil.config.runbook_files import BUNDLED  # noqa: PLC0415
    from kronveil.sdk.errors import ConfigError  # noqa: PLC0415

    if not Path("kronveil.yaml").exists():
        return [BUNDLED]
    try:
        directory = load(find_file(None), os.environ).runbooks.directory
    except ConfigError as error:
        end(WRONG_USAGE, str(error))
    return [directory or BUNDLED]


def _counted(count: int) -> str:
    return f"{count} runbook{'s' if count != 1 else ''}"


def _plain(problem: object) -> dict[str, object]:
    names = ("file", "line", "column", "key", "message", "suggestion")
    return {name: getattr(problem, name) for name in names}

"""Runbooks as people write them: YAML files and Python modules, the bundled ones and the operator's own, all linted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from kronveil.config.document import Document, read_document
from kronveil.config.problems import ConfigProblems, Problem
from kronveil.config.runbook_python import runbooks_in
from kronveil.config.runbook_reading import runbook_of
from kronveil.logic.linting import ActionShape, Lint, all_parts, lint
from kronveil.model.runbook import Runbook

BUNDLED = Path(__file__).parent / "runbooks"
BUNDLED_SOURCE = "bundled"
TEST = ".test"
SUFFIXES = (".yaml", ".yml", ".py")


@dataclass(frozen=True, slots=True)
class Written:
    """A runbook with where it is written; ``document`` is None for one that a Python module registered."""

    runbook: Runbook
    path: Path
    document: Document | None = None


def load_runbooks(directory: Path | None, actions: Mapping[str, ActionShape]) -> tuple[Runbook, ...]:
    """The bundled runbooks and those of ``directory``, by id; one of the operator's replaces a bundled one of its id.

    Raises ConfigProblems with all that is wrong in all files.
    """
    if directory is not None and not directory.is_dir():
        problem = Problem(str(directory), None, None, "runbooks.directory", "there is no such folder.", "Make it.")
        raise ConfigProblems([problem])
    paths = [*runbook_paths(BUNDLED), *(runbook_paths(directory) if directory else ())]
    runbooks, problems = lint_files(paths, actions)
    if problems:
        raise ConfigProblems(problems)
    return tuple(runbooks[name] for name in sorted(runbooks))


def lint_files(
    paths: Sequence[Path], actions: Mapping[str, ActionShape], book: Mapping[str, Runbook] | None = None
) -> tuple[dict[str, Runbook], list[Problem]]:
    """The runbooks of these files by id, a later one in place of an earlier, and all that is wrong with any.

    ``book`` are others that they may name.
    """
    written, problems = list[Written](), list[Problem]()
    for path in paths:
        found, wrong = _read(path)
        written += found
        problems += wrong
    known = {**(book or {}), **{each.runbook.id: each.runbook for each in written}}
    for each in written:
        problems += [_problem(each, one) for one in lint(each.runbook, actions, known)]
    return {each.runbook.id: _whole(each.runbook, known) for each in written}, problems


def runbook_paths(directory: Path) -> Sequence[Path]:
    """The files of a folder that hold runbooks; test cases beside them are none."""
    found: Iterable[Path] = directory.iterdir()
    return sorted(each for each in found if each.suffix in SUFFIXES and not is_test(each) and each.name[0] not in "._")


def is_test(path: Path) -> bool:
    """Whether a file holds test cases of the runbook beside it."""
    return path.stem.endswith(TEST)


def _read(path: Path) -> tuple[list[Written], list[Problem]]:
    if path.suffix == ".py":
        runbooks, problems = runbooks_in(path)
        return [Written(each, path) for each in runbooks], problems
    document = read_document(path)
    if document.problems:
        return [], document.problems
    text = path.read_text(encoding="utf-8")
    source = BUNDLED_SOURCE if path.parent == BUNDLED else str(path)
    digest = sha256(text.encode()).hexdigest()[:16]
    runbook = runbook_of(document, path, digest=digest, source=source, text=text)
    if document.problems:
        return [], document.problems
    return [Written(runbook, path, document)], []


def _whole(runbook: Runbook, book: Mapping[str, Runbook]) -> Runbook:
    """With the runbooks it names: their wording is part of its own."""
    parts = all_parts(runbook, book)
    if not parts:
        return runbook
    words = "".join((runbook.digest, *(each.digest for each in parts)))
    return replace(runbook, parts=parts, digest=sha256(words.encode()).hexdigest()[:16])


def _problem(written: Written, found: Lint) -> Problem:
    """A finding where it is written, to the character where the text is on one line."""
    hint = found.hint or None
    document = written.document
    if document is None:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found.path)
        return Problem(str(written.path), None, None, f"{written.runbook.id}{where}", found.message, hint)
    before = len(document.problems)
    document.report(found.path, found.message, hint, at_key=found.is_of_key)
    problem = document.problems.pop(before)
    if found.is_of_key or not found.offset or problem.line is None or problem.column is None:
        return problem
    line = written.runbook.text.splitlines()[problem.line - 1]
    first = line[problem.column - 1 : problem.column]
    if first in "|>":
        return problem
    return replace(problem, column=problem.column + found.offset + (first in "'\""))

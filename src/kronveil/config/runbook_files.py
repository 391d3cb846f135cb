"""Runbooks as people write them: YAML files, the bundled ones and the operator's own, checked line by line."""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path

from kronveil.config.document import Document, KeyPath, read_document
from kronveil.config.durations import parse_duration
from kronveil.config.problems import ConfigProblems, Problem
from kronveil.model.runbook import Runbook, RunbookStep

BUNDLED = Path(__file__).parent / "runbooks"
_KEYS = ("name", "description", "when", "auto_execute", "settle", "steps")
_STEP_KEYS = ("name", "action", "with")


def load_runbooks(directory: Path | None, actions: Mapping[str, Collection[str]]) -> tuple[Runbook, ...]:
    """The bundled runbooks and those of ``directory``, by id; one of the operator's replaces a bundled one of its name.

    ``actions`` are the known ones with their parameters. Raises ConfigProblems with all that is wrong in all files.
    """
    found, problems = {}, []
    for path in (*_files(BUNDLED), *(_files(directory) if directory else ())):
        runbook, wrong = read_runbook(path, actions)
        problems += wrong
        if runbook is not None:
            found[runbook.id] = runbook
    if problems:
        raise ConfigProblems(problems)
    return tuple(found[name] for name in sorted(found))


def read_runbook(path: Path, actions: Mapping[str, Collection[str]]) -> tuple[Runbook | None, list[Problem]]:
    """One file's runbook, or everything that is wrong with it."""
    document = read_document(path)
    reading = _Reading(document, actions)
    if document.problems:
        return None, document.problems
    runbook = reading.runbook(path)
    return (None if document.problems else runbook), document.problems


def _files(directory: Path) -> Iterable[Path]:
    return sorted(each for each in directory.iterdir() if each.suffix in (".yaml", ".yml"))


class _Reading:
    """Turns one document into a runbook, reporting each mistake where it was made."""

    def __init__(self, document: Document, actions: Mapping[str, Collection[str]]) -> None:
        self._document = document
        self._actions = actions

    def runbook(self, path: Path) -> Runbook:
        tree = self._document.tree
        self._known((), tree, _KEYS)
        return Runbook(
            id=path.stem,
            name=self._text(("name",)),
            description=self._text(("description",)),
            incident_kinds=self._texts(("when",)),
            steps=self._steps(),
            auto_execute=self._flag(("auto_execute",)),
            settle=self._duration(("settle",)),
            digest=sha256(path.read_bytes()).hexdigest()[:16],
            source="bundled" if path.parent == BUNDLED else str(path),
        )

    def _steps(self) -> tuple[RunbookStep, ...]:
        steps = self._document.tree.get("steps")
        if not isinstance(steps, list) or not steps:
            self._document.report(("steps",), "is not a list of steps.", "Write - name: ... and action: ... for each.")
            return ()
        return tuple(self._step(("steps", index), item) for index, item in enumerate(steps))

    def _step(self, at: KeyPath, item: object) -> RunbookStep:
        if not isinstance(item, dict):
            self._document.report(at, "is not a step.", "Write name: ... and action: ... below it.")
            return RunbookStep("", "", {})
        self._known(at, item, _STEP_KEYS)
        action = self._text((*at, "action"))
        if action and action not in self._actions:
            near = get_close_matches(action, self._actions, 1)
            hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(self._actions))}."
            self._document.report((*at, "action"), "no such action.", hint)
        given = item.get("with") or {}
        if not isinstance(given, dict):
            self._document.report((*at, "with"), "is not a section.", "Write the action's parameters below it.")
            given = {}
        elif action in self._actions:
            self._known((*at, "with"), given, tuple(self._actions[action]))
        return RunbookStep(self._text((*at, "name")), action, given)

    def _known(self, at: KeyPath, tree: Mapping[str, object], keys: Collection[str]) -> None:
        for key in tree:
            if key not in keys:
                near = get_close_matches(key, keys, 1)
                hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(keys) or 'none'}."
                self._document.report((*at, key), "no such key.", hint, at_key=True)

    def _value(self, at: KeyPath) -> object:
        value: object = self._document.tree
        for part in at:
            if isinstance(value, list) and isinstance(part, int):
                value = value[part]
            else:
                value = value.get(part) if isinstance(value, dict) else None
        return value

    def _text(self, at: KeyPath) -> str:
        value = self._value(at)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self._document.report(at, "is missing." if value is None else "is not text.", f"Write {at[-1]}: ... here.")
        return ""

    def _texts(self, at: KeyPath) -> tuple[str, ...]:
        value = self._value(at)
        if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
            return tuple(map(str, value))
        self._document.report(at, "is not a list of incident kinds.", "Write, say, when: [pod.oom_killed].")
        return ()

    def _flag(self, at: KeyPath) -> bool:
        value = self._value(at)
        if value is not None and not isinstance(value, bool):
            self._document.report(at, "is neither true nor false.")
        return value is True

    def _duration(self, at: KeyPath) -> timedelta | None:
        value = self._value(at)
        if value is None:
            return None
        try:
            return parse_duration(str(value))
        except ValueError:
            self._document.report(at, "is not a duration.", "Write 15s, 2m or 1h30m.")
            return None

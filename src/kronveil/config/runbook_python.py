"""Runbooks that a Python module registers: run once when they are loaded, then read as if they had been YAML."""

import traceback
from dataclasses import MISSING, fields, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from kronveil.config.document import Document
from kronveil.config.durations import format_duration
from kronveil.config.problems import Problem
from kronveil.config.runbook_reading import runbook_of
from kronveil.logic.expressions.kinds import is_list, is_record
from kronveil.model.runbook import Runbook
from kronveil.sdk import runbooks as written

_NAMES = {"params": "with", "condition": "if", "otherwise": "else", "item": "as", "incident_types": "when"}
_HINT = "Call register(Runbook(...)), from kronveil.runbooks."


def runbooks_in(path: Path) -> tuple[list[Runbook], list[Problem]]:
    """What the module registers, or what is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [], [Problem(str(path), None, None, "", f"cannot be read: {error}.")]
    found: list[written.Runbook] = []
    token = written.REGISTERED.set(found)
    try:
        # An operator's own code, as a plugin is: whoever may write to the folder may do what the agent may.
        exec(compile(text, str(path), "exec"), {"__name__": f"kronveil_runbook_{path.stem}", "__file__": str(path)})  # noqa: S102
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it raises is told with its line
        return [], [Problem(str(path), _line(error, path), None, "", f"{type(error).__name__}: {error}.")]
    finally:
        written.REGISTERED.reset(token)
    if not found:
        return [], [Problem(str(path), None, None, "", "registers no runbook.", _HINT)]
    digest = sha256(text.encode()).hexdigest()[:16]
    read = [_read(each, path, digest, text) for each in found]
    return [one for one, wrong in read if not wrong], [problem for _, wrong in read for problem in wrong]


def _read(runbook: written.Runbook, path: Path, digest: str, text: str) -> tuple[Runbook, list[Problem]]:
    document = Document(str(path), path.parent, _section(runbook, leave_out="id"))
    read = runbook_of(document, path, digest=digest, source=str(path), text=text)
    problems = [replace(each, line=None, column=None, key=f"{runbook.id}.{each.key}") for each in document.problems]
    return replace(read, id=runbook.id), problems


def _section(one: written.Runbook | written.Step | written.Input, *, leave_out: str = "") -> dict[str, object]:
    """A noun's fields by the keys that YAML has, without those that were left as they are."""
    found: dict[str, object] = {}
    for each in fields(one):
        value = getattr(one, each.name)
        usual = each.default if each.default is not MISSING else None
        is_said = value is not usual and not (value in ("", (), [], {}) or (each.name == "item" and value == usual))
        if is_said and each.name != leave_out:
            found[_NAMES.get(each.name, each.name)] = _plain(value)
    return found


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, written.Step | written.Input):
        return _section(value)
    if is_record(value):
        return {name: _plain(each) for name, each in value.items()}
    if is_list(value):
        return [_plain(each) for each in value]
    return value


def _line(error: BaseException, path: Path) -> int | None:
    if isinstance(error, SyntaxError):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None

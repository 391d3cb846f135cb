"""One runbook as YAML has it, turned into the noun, with each mistake reported where it was made.

Before it: document, which knows the place of each key and value. After it: runbook_files, which lints what was read.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path

from kronveil.config.document import Document, KeyPath, is_list, is_section
from kronveil.config.durations import parse_duration
from kronveil.model.runbook import Input, InputType, Runbook, RunbookStep

KEYS = (
    "name",
    "description",
    "when",
    "inputs",
    "auto_execute",
    "approvals",
    "settle",
    "success",
    "undo_on_failure",
    "steps",
)
WHAT_KEYS = ("action", "together", "ask", "runbook")
STEP_KEYS = (
    "name",
    "id",
    *WHAT_KEYS,
    "with",
    "if",
    "else",
    "for_each",
    "as",
    "diagnose",
    "optional",
    "approval",
    "timeout",
    "retries",
)
INPUT_KEYS = ("type", "description", "default", "choices", "at_least", "at_most")
MOST_APPROVALS, MOST_RETRIES = 10, 10


def runbook_of(document: Document, path: Path, *, digest: str, source: str, text: str) -> Runbook:
    """The runbook that a document holds; what is wrong with it is in ``document.problems``."""
    reading = _Reading(document)
    reading.known((), document.tree, KEYS)
    return Runbook(
        id=path.stem,
        name=reading.text(("name",)),
        description=reading.text(("description",)),
        incident_kinds=reading.kinds(("when",)),
        steps=reading.steps(("steps",), depth=0),
        auto_execute=reading.flag(("auto_execute",)),
        settle=reading.duration(("settle",)),
        digest=digest,
        source=source,
        inputs=reading.inputs(("inputs",)),
        success=reading.expression(("success",)),
        approvals=reading.number(("approvals",), 1, MOST_APPROVALS) or 1,
        undo_on_failure=reading.flag(("undo_on_failure",)),
        text=text,
    )


class _Reading:
    """Reports to its document, and goes on: all mistakes are told at once."""

    def __init__(self, document: Document) -> None:
        self._document = document

    # --- steps ---

    def steps(self, at: KeyPath, *, depth: int) -> tuple[RunbookStep, ...]:
        steps = self._value(at)
        if not is_list(steps) or not steps:
            self._document.report(at, "is not a list of steps.", "Write - name: ... and action: ... for each.")
            return ()
        return tuple(self._step((*at, index), item, depth) for index, item in enumerate(steps))

    def _step(self, at: KeyPath, item: object, depth: int) -> RunbookStep:
        if not is_section(item):
            self._document.report(at, "is not a step.", "Write name: ... and action: ... below it.")
            return RunbookStep("", path=at)
        self.known(at, item, STEP_KEYS)
        what = self._what(at, item)
        if what == "together" and depth:
            self._document.report((*at, what), "steps at once within steps at once.", "Write them in one list.")
            what = ""
        given = self._given(at, item, what)
        return RunbookStep(
            name=self.text((*at, "name")),
            action=self.text((*at, "action")) if what == "action" else "",
            parameters=given,
            id=self._optional_text((*at, "id")),
            condition=self.expression((*at, "if")),
            otherwise=self._optional_text((*at, "else")),
            for_each=self.expression((*at, "for_each")),
            item=self._optional_text((*at, "as")) or "item",
            together=self.steps((*at, "together"), depth=depth + 1) if what == "together" else (),
            question=self.text((*at, "ask")) if what == "ask" else "",
            runbook=self.text((*at, "runbook")) if what == "runbook" else "",
            is_diagnosis=self.flag((*at, "diagnose")),
            is_optional=self.flag((*at, "optional")),
            needs_approval=self.flag((*at, "approval")),
            timeout=self.duration((*at, "timeout")),
            retries=self.number((*at, "retries"), 0, MOST_RETRIES),
            path=at,
        )

    def _what(self, at: KeyPath, item: Mapping[str, object]) -> str:
        there = [key for key in WHAT_KEYS if key in item]
        if len(there) == 1:
            return there[0]
        if not there:
            self._document.report(at, "says nothing to do.", f"Write one of {', '.join(WHAT_KEYS)}.")
        for key in there[1:]:
            self._document.report((*at, key), f"beside {there[0]}.", "Make two steps of it.", at_key=True)
        return ""

    def _given(self, at: KeyPath, item: Mapping[str, object], what: str) -> Mapping[str, object]:
        given = item.get("with")
        if given is None:
            return {}
        if what and what not in ("action", "runbook"):
            self._document.report((*at, "with"), f"beside {what}, which takes nothing.", "Leave it out.", at_key=True)
        elif is_section(given):
            return given
        else:
            self._document.report((*at, "with"), "is not a section.", "Write the action's parameters below it.")
        return {}

    # --- inputs ---

    def inputs(self, at: KeyPath) -> tuple[Input, ...]:
        inputs = self._value(at)
        if inputs is None:
            return ()
        if not is_section(inputs):
            self._document.report(
                at, "is not a section.", "Write, say, inputs: {percent: {type: number, default: 50}}."
            )
            return ()
        return tuple(one for name, item in inputs.items() if (one := self._input((*at, name), name, item)) is not None)

    def _input(self, at: KeyPath, name: str, item: object) -> Input | None:
        if not is_section(item):
            self._document.report(at, "is not a section.", "Write, say, {type: number, default: 50}.")
            return None
        self.known(at, item, INPUT_KEYS)
        type_ = self._type((*at, "type"))
        choices = item.get("choices")
        if choices is not None and not is_list(choices):
            self._document.report((*at, "choices"), "is not a list.", "Write [a, b].")
            choices = None
        if type_ is None:
            return None
        return Input(
            name=name,
            type=type_,
            description=self._optional_text((*at, "description")),
            default=item.get("default"),
            choices=tuple(choices or ()),
            least=item.get("at_least"),
            most=item.get("at_most"),
        )

    def _type(self, at: KeyPath) -> InputType | None:
        value = self._value(at)
        if isinstance(value, str) and value in list(InputType):
            return InputType(value)
        near = get_close_matches(value, list(InputType), 1) if isinstance(value, str) else []
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(InputType)}."
        self._document.report(at, "is missing." if value is None else "no such type.", hint)
        return None

    # --- values ---

    def known(self, at: KeyPath, tree: Mapping[str, object], keys: Collection[str]) -> None:
        for key in tree:
            if key not in keys:
                near = get_close_matches(key, keys, 1)
                hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(keys) or 'none'}."
                self._document.report((*at, key), "no such key.", hint, at_key=True)

    def _value(self, at: KeyPath) -> object:
        value: object = self._document.tree
        for part in at:
            if is_list(value) and isinstance(part, int):
                value = value[part]
            else:
                value = value.get(str(part)) if is_section(value) else None
        return value

    def text(self, at: KeyPath) -> str:
        value = self._value(at)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self._document.report(at, "is missing." if value is None else "is not text.", f"Write {at[-1]}: ... here.")
        return ""

    def _optional_text(self, at: KeyPath) -> str:
        return "" if self._value(at) is None else self.text(at)

    def expression(self, at: KeyPath) -> str:
        value = self._value(at)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str) and value.strip().startswith("${{") and value.strip().endswith("}}"):
            self._document.report(at, "is an expression by itself.", "Leave ${{ and }} out.")
            return ""
        return self._optional_text(at)

    def kinds(self, at: KeyPath) -> tuple[str, ...]:
        value = self._value(at)
        if value is None:
            return ()
        if is_list(value) and all(isinstance(each, str) for each in value):
            return tuple(map(str, value))
        self._document.report(at, "is not a list of incident kinds.", "Write, say, when: [pod.oom_killed].")
        return ()

    def flag(self, at: KeyPath) -> bool:
        value = self._value(at)
        if value is not None and not isinstance(value, bool):
            self._document.report(at, "is neither true nor false.")
        return value is True

    def number(self, at: KeyPath, least: int, most: int) -> int | None:
        value = self._value(at)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        self._document.report(at, f"is not a whole number from {least} to {most}.")
        return None

    def duration(self, at: KeyPath) -> timedelta | None:
        value = self._value(at)
        if value is None:
            return None
        try:
            return parse_duration(str(value))
        except ValueError:
            self._document.report(at, "is not a duration.", "Write 15s, 2m or 1h30m.")
            return None

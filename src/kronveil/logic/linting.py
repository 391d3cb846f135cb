"""What is wrong with a runbook before it meets an incident: names, kinds, parameters, and runbooks within runbooks.

Before it: config, which reads the file or the Python module. After it: nothing; a runbook that fails is not loaded.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from kronveil.logic.expressions import (
    Expression,
    ExpressionError,
    Kind,
    ListOf,
    Record,
    Scalar,
    from_json,
    infer,
    kind_of,
    parse,
    parse_template,
)
from kronveil.logic.expressions.checking import nearest
from kronveil.logic.expressions.functions import fits
from kronveil.logic.expressions.kinds import is_list, is_record
from kronveil.logic.inputs import KINDS, read, record_of
from kronveil.logic.kinds import KINDS as KINDS_OF_SYMPTOMS
from kronveil.logic.resolving import INCIDENT, IS_PLANNED, MOST_DEPTH, TARGET
from kronveil.logic.response import ALIASES
from kronveil.model.execution import Effect
from kronveil.model.runbook import Input, InputType, Runbook, RunbookStep

Path = tuple[str | int, ...]
NEARLY = 0.85
WHOLE, SECTION, TEXTS = "whole number", "section", "texts"


@dataclass(frozen=True, slots=True)
class Takes:
    """What an action takes under one name. ``type`` is in the words of its page."""

    type: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """What an action takes, and finds, where it is told one of several things to do."""

    takes: Collection[str]
    finds: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class ActionShape:
    """What is known of an action before it is asked: the most it may do, what it takes, and what it finds.

    ``finds`` is None where nothing is declared: then it may find anything. ``variants`` are by the value of the
    parameter ``varies_by``.
    """

    effect: Effect
    takes: Mapping[str, Takes] = field(default_factory=dict[str, Takes])
    finds: Mapping[str, Kind] | None = None
    varies_by: str = ""
    variants: Mapping[str, Variant] = field(default_factory=dict[str, Variant])

    def variant(self, parameters: Mapping[str, object]) -> Variant | None:
        """The one that a step names; None where it names none, or computes which."""
        return self.variants.get(str(parameters.get(self.varies_by)))


@dataclass(frozen=True, slots=True)
class Lint:
    """One thing that is wrong: where, counted in characters of that value, and what would be right."""

    path: Path
    message: str
    hint: str = ""
    offset: int = 0
    is_of_key: bool = False


def lint(runbook: Runbook, actions: Mapping[str, ActionShape], book: Mapping[str, Runbook]) -> list[Lint]:
    """All that is wrong with a runbook, in its order. ``book`` are all there are, by id."""
    linting = _Linting(actions, book)
    for index, one in enumerate(runbook.inputs):
        linting.input(
            one, ("inputs", one.name), is_first=one.name not in [each.name for each in runbook.inputs[:index]]
        )
    linting.kinds(runbook.incident_kinds)
    if runbook.incident_kinds:
        for one in runbook.inputs:
            if one.is_required:
                linting.report(
                    ("inputs", one.name), "has no default.", "It is proposed by itself, and nobody is asked."
                )
    names: dict[str, Kind] = {
        "incident": INCIDENT,
        "target": TARGET,
        "inputs": record_of(runbook),
        "steps": Record("steps"),
    }
    linting.steps(runbook.steps, names)
    if runbook.success:
        # It is asked long after the plan was made, when what the steps found holds no more.
        lasting = {name: kind for name, kind in names.items() if name != "steps"}
        linting.expression(("success",), runbook.success, lasting, _is_flag, "is neither true nor false.")
    linting.rounds(runbook)
    return linting.found


def all_parts(runbook: Runbook, book: Mapping[str, Runbook]) -> tuple[Runbook, ...]:
    """The runbooks that its steps name, and those that theirs do; each once."""
    found: dict[str, Runbook] = {}
    todo = [runbook]
    while todo:
        for step in todo.pop().all_steps():
            part = book.get(step.runbook)
            if part is not None and part.id not in found and part.id != runbook.id:
                found[part.id] = part
                todo.append(part)
    return tuple(found[name] for name in sorted(found))


class _Linting:
    def __init__(self, actions: Mapping[str, ActionShape], book: Mapping[str, Runbook]) -> None:
        self._actions = actions
        self._book = book
        self._ids: set[str] = set()
        self.found: list[Lint] = []

    def report(self, path: Path, message: str, hint: str = "", *, offset: int = 0, is_of_key: bool = False) -> None:
        self.found.append(Lint(path, message, hint, offset, is_of_key))

    def kinds(self, kinds: Sequence[str]) -> None:
        """One that is nearly a known kind is a slip; any other may be of a source that comes with a plugin."""
        known = [*KINDS_OF_SYMPTOMS, *ALIASES]
        for index, kind in enumerate(kinds):
            if kind not in known and (near := get_close_matches(kind, known, 1, NEARLY)):
                self.report(("when", index), f"there is no kind {kind}.", f"Did you mean {near[0]}?")

    # --- inputs ---

    def input(self, one: Input, path: Path, *, is_first: bool) -> None:
        if not is_first:
            self.report(path, "is there twice.", "Keep one of the two.")
        if not one.name.isidentifier():
            self.report(path, "is no name that an expression can have.", "Write letters, digits and _.", is_of_key=True)
        has_bounds = one.least is not None or one.most is not None
        if has_bounds and one.type in (InputType.TEXT, InputType.FLAG):
            self.report(path, f"a {one.type} has no bounds.", "Write choices: [...].")
            return
        plain = Input(one.name, one.type)
        for key, value in (
            ("at_least", one.least),
            ("at_most", one.most),
            *(("choices", each) for each in one.choices),
        ):
            self._given((*path, key), plain, value)
        if not [each for each in self.found if each.path[: len(path)] == path]:
            self._given((*path, "default"), one, one.default)

    def _given(self, path: Path, one: Input, value: object) -> None:
        if value is None:
            return
        try:
            read(one, value)
        except ExpressionError as error:
            self.report(path, error.message, error.hint)

    # --- steps ---

    def steps(self, steps: Sequence[RunbookStep], names: dict[str, Kind]) -> None:
        for step in steps:
            self._step(step, names)

    def _step(self, step: RunbookStep, names: dict[str, Kind]) -> None:  # noqa: C901 - a key of a step a case
        inner = dict(names)
        if step.for_each:
            inner[step.item] = self._item(step, names)
        if step.condition:
            self.expression((*step.path, "if"), step.condition, inner, _is_flag, "is neither true nor false.")
        self._template((*step.path, "name"), step.name, inner)
        if step.otherwise:
            self._template((*step.path, "else"), step.otherwise, inner)
            if not step.condition:
                self.report((*step.path, "else"), "has no if beside it.", "Write if: ... too.", is_of_key=True)
        if step.question:
            self._template((*step.path, "ask"), step.question, inner)
        if step.together:
            # What is done at once cannot wait for what another of them finds, but what follows can.
            for one in step.together:
                self._step(one, dict(inner))
            for one in step.together:
                self._remember(one, names)
        elif step.runbook:
            self._sub_runbook(step, inner)
        elif step.action:
            self._action(step, inner)
        if step.for_each and step.id:
            self.report((*step.path, "id"), "names several steps: nothing can refer to it.", "Leave it out.")
        elif not step.together:
            self._remember(step, names, is_new=True)

    def _item(self, step: RunbookStep, names: Mapping[str, Kind]) -> Kind:
        kind = self.expression((*step.path, "for_each"), step.for_each, names, _is_list, "is no list.")
        if step.item in names or not step.item.isidentifier():
            self.report((*step.path, "as"), f"{step.item} is no name for it.", "Write a name that is not taken.")
        return kind.item if isinstance(kind, ListOf) else Scalar.ANY

    def _remember(self, step: RunbookStep, names: dict[str, Kind], *, is_new: bool = False) -> None:
        if not step.id:
            return
        if is_new:
            if step.id in self._ids:
                self.report((*step.path, "id"), f"{step.id} is taken by another step.", "Write another.")
            if not step.id.isidentifier():
                self.report((*step.path, "id"), "is no name.", "Write letters, digits and _.")
            self._ids.add(step.id)
        shape = self._actions.get(step.action)
        finds: Mapping[str, Kind] | None = shape.finds if shape is not None else {}
        if shape is not None and (variant := shape.variant(step.parameters)) is not None:
            finds = variant.finds
        record = Record(
            f"steps.{step.id}", {**(finds or {}), IS_PLANNED: Scalar.FLAG}, is_open=finds is None or shape is None
        )
        steps = names["steps"]
        fields: Mapping[str, Kind] = steps.fields if isinstance(steps, Record) else {}
        names["steps"] = Record("steps", {**fields, step.id: record})

    def _action(self, step: RunbookStep, names: Mapping[str, Kind]) -> None:
        shape = self._actions.get(step.action)
        if shape is None:
            self.report(
                (*step.path, "action"), f"there is no action {step.action}.", nearest(step.action, self._actions)
            )
            return
        if step.is_diagnosis and shape.effect is not Effect.READ:
            self.report((*step.path, "diagnose"), f"{step.action} does more than read.", "Leave diagnose out.")
        self._variant(step, shape)
        for name, value in step.parameters.items():
            path: Path = (*step.path, "with", name)
            if name not in shape.takes:
                hint = nearest(name, shape.takes)
                self.report(path, f"{step.action} takes no {name}.", hint, is_of_key=True)
            else:
                self._parameter(path, value, shape.takes[name].type, names)
        for name, takes in shape.takes.items():
            if takes.is_required and name not in step.parameters:
                self.report((*step.path, "action"), f"{step.action} needs {name}.", f"Write with: {{{name}: ...}}.")

    def _variant(self, step: RunbookStep, shape: ActionShape) -> None:
        told = step.parameters.get(shape.varies_by)
        if not shape.variants or not isinstance(told, str) or "${{" in told:
            return
        variant = shape.variants.get(told)
        path: Path = (*step.path, "with")
        if variant is None:
            self.report((*path, shape.varies_by), f"{step.action} has no {told}.", nearest(told, shape.variants))
            return
        for name in step.parameters:
            if name in shape.takes and name != shape.varies_by and name not in variant.takes:
                hint = nearest(name, variant.takes)
                self.report((*path, name), f"{told} takes no {name}.", hint, is_of_key=True)

    def _sub_runbook(self, step: RunbookStep, names: Mapping[str, Kind]) -> None:
        inner = self._book.get(step.runbook)
        if inner is None:
            self.report(
                (*step.path, "runbook"), f"there is no runbook {step.runbook}.", nearest(step.runbook, self._book)
            )
            return
        takes = {one.name: one for one in inner.inputs}
        for name, value in step.parameters.items():
            path: Path = (*step.path, "with", name)
            if name not in takes:
                self.report(path, f"{inner.name} takes no {name}.", nearest(name, takes), is_of_key=True)
            else:
                self._input_of_sub(path, value, takes[name], names)
        for name, one in takes.items():
            if one.is_required and name not in step.parameters:
                self.report((*step.path, "runbook"), f"{inner.name} needs {name}.", f"Write with: {{{name}: ...}}.")

    def _input_of_sub(self, path: Path, value: object, one: Input, names: Mapping[str, Kind]) -> None:
        kind = self._template(path, value, names) if isinstance(value, str) else None
        if kind is None:
            self._given(path, one, value)
        elif not fits(kind, KINDS[one.type]):
            self.report(path, f"{kind} is no {one.type}.")

    def rounds(self, runbook: Runbook) -> None:
        """Runbooks within runbooks must come to an end."""
        for step in runbook.all_steps():
            if step.runbook and (why := self._endless(step.runbook, (runbook.id,))):
                self.report((*step.path, "runbook"), why, "Take out a step that names a runbook.")

    def _endless(self, name: str, above: tuple[str, ...]) -> str:
        if name in above:
            return f"comes round: {' -> '.join((*above, name))}."
        if len(above) >= MOST_DEPTH:
            return f"is nested deeper than {MOST_DEPTH}: {' -> '.join((*above, name))}."
        inner = self._book.get(name)
        found = (
            self._endless(step.runbook, (*above, name)) for step in (inner.all_steps() if inner else ()) if step.runbook
        )
        return next((why for why in found if why), "")

    # --- values ---

    def _parameter(self, path: Path, value: object, type_: str, names: Mapping[str, Kind]) -> None:
        if type_ in (SECTION, "texts by name"):
            self._nested(path, value, names, is_record, "is not a section.")
        elif type_ == TEXTS and not isinstance(value, str):
            self._nested(path, value, names, is_list, "is not a list.")
        else:
            kind = self._kind(path, value, names)
            if kind is not None and not _takes(type_, kind):
                self.report(path, f"{kind} is no {type_}.", _EXAMPLES.get(type_, ""))
            elif type_ == "duration" and isinstance(value, str) and "${{" not in value:
                self._given(path, Input("", InputType.DURATION), value)

    def _kind(self, path: Path, value: object, names: Mapping[str, Kind]) -> Kind | None:
        if isinstance(value, str):
            return self._template(path, value, names) if "${{" in value else Scalar.TEXT
        return kind_of(from_json(value))

    def _nested(
        self, path: Path, value: object, names: Mapping[str, Kind], is_right: Callable[[object], bool], told: str
    ) -> None:
        if isinstance(value, str) and "${{" in value:
            self._template(path, value, names)
        elif not is_right(value):
            self.report(path, told)
        else:
            self._templates(path, value, names)

    def _templates(self, path: Path, value: object, names: Mapping[str, Kind]) -> None:
        if isinstance(value, str):
            self._template(path, value, names)
        elif is_record(value):
            for name, each in value.items():
                self._templates((*path, name), each, names)
        elif is_list(value):
            for index, each in enumerate(value):
                self._templates((*path, index), each, names)

    def _template(self, path: Path, text: str, names: Mapping[str, Kind]) -> Kind | None:
        """The kind of its value; None where it has no expression, or a wrong one."""
        at = 0
        try:
            parts = parse_template(text)
            kinds: list[Kind] = []
            for part in parts:
                if isinstance(part, Expression):
                    at = text.find(part.source, at)
                    kinds.append(infer(part, names))
                else:
                    at += len(part)
        except ExpressionError as error:
            self.report(path, error.message, error.hint, offset=max(at, 0) + error.offset)
            return None
        if not kinds:
            return None
        return kinds[0] if len(parts) == 1 else Scalar.TEXT

    def expression(
        self, path: Path, source: str, names: Mapping[str, Kind], is_right: Callable[[Kind], bool], told: str
    ) -> Kind:
        try:
            kind = infer(parse(source), names)
        except ExpressionError as error:
            self.report(path, error.message, error.hint, offset=error.offset)
            return Scalar.ANY
        if not is_right(kind):
            self.report(path, f"{kind} {told}")
        return kind


_EXAMPLES = {WHOLE: "Write 5.", "flag": "Write true or false.", "duration": "Write 15s, 2m or 1h30m."}
_MAY_BE: Mapping[str, Collection[Scalar]] = {
    "text": (Scalar.TEXT, Scalar.QUANTITY, Scalar.NUMBER, Scalar.DURATION),
    WHOLE: (Scalar.NUMBER,),
    "flag": (Scalar.FLAG,),
    "duration": (Scalar.DURATION, Scalar.TEXT),
}


def _takes(type_: str, kind: Kind) -> bool:
    if kind is Scalar.ANY:
        return True
    if type_ == TEXTS:
        return isinstance(kind, ListOf)
    return kind in _MAY_BE.get(type_, (kind,))


def _is_flag(kind: Kind) -> bool:
    return fits(kind, Scalar.FLAG)


def _is_list(kind: Kind) -> bool:
    return kind is Scalar.ANY or isinstance(kind, ListOf)

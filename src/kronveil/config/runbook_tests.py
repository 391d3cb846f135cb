"""Test cases beside a runbook, ``<runbook>.test.yaml``: given an incident and what steps find, the plan that comes out.

The same resolving as in the agent, with answers from the file in place of actions: what passes here is what is planned.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kronveil.config.document import Document, KeyPath, is_list, is_section, read_document
from kronveil.config.problems import Problem
from kronveil.logic.expressions import from_json
from kronveil.logic.expressions.checking import nearest
from kronveil.logic.linting import ActionShape
from kronveil.logic.resolving import INCIDENT, TARGET, Answer, Around, Impossible, Unplannable, Wanted, resolve
from kronveil.model.execution import Effect, StepPlan
from kronveil.model.runbook import Runbook

GIVEN_KEYS = ("incident", "target", "inputs", "findings", "impossible")
EXPECT_KEYS = ("steps", "left_out", "needs_approval", "fails")
STEP_KEYS = ("name", "action", "parameters", "question", "together", "needs_approval")
_USUAL_INCIDENT: Mapping[str, object] = {
    "id": "inc_test",
    "kind": "pod.oom_killed",
    "family": "memory",
    "title": "an incident of a test",
    "severity": "high",
    "status": "open",
    "cluster": "test",
    "pods": [],
    "containers": [],
    "suspects": [],
    "event_count": 1,
}
_USUAL_TARGET = {"cluster": "test", "kind": "Deployment", "namespace": "shop", "name": "checkout"}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case went: what differs from what it expects, each where that is written. None: it passed."""

    name: str
    problems: tuple[Problem, ...]


def cases_path(path: Path, runbook: Runbook) -> Path:
    """Where the test cases of a runbook are, which is written in the file ``path``."""
    return path.with_name(f"{runbook.id}.test.yaml")


def run_cases(path: Path, runbook: Runbook, actions: Mapping[str, ActionShape]) -> list[CaseResult]:
    """Every case of a file. What is wrong with the file itself is told as a case that failed."""
    document = read_document(path)
    if not document.problems:
        for key in document.tree:
            if key != "cases":
                document.report((key,), "no such key.", "Write cases: [...].", at_key=True)
    cases = document.tree.get("cases")
    if not document.problems and (not is_list(cases) or not cases):
        document.report(
            ("cases",), "is not a list of cases.", "Write - name: ..., given: ... and expect: ... for each."
        )
    if document.problems or not is_list(cases):
        return [CaseResult("the file", tuple(document.problems))]
    return [_Case(document, ("cases", index), each, runbook, actions).run() for index, each in enumerate(cases)]


class _Case:
    def __init__(
        self, document: Document, at: KeyPath, tree: object, runbook: Runbook, actions: Mapping[str, ActionShape]
    ) -> None:
        self._document = document
        self._at = at
        self._tree = tree if is_section(tree) else {}
        self._runbook = runbook
        self._actions = actions
        self._ids = {step.id or step.name for step in runbook.all_steps()}
        document.problems.clear()

    def run(self) -> CaseResult:
        name = str(self._tree.get("name") or f"case {int(self._at[-1]) + 1}")
        self._known(self._at, self._tree, ("name", "given", "expect"))
        given, expect = self._section("given", GIVEN_KEYS), self._section("expect", EXPECT_KEYS)
        if not expect:
            self._report(("expect",), "is missing.", "Write, say, expect: {steps: [kubectl_scale]}.")
        if not self._document.problems:
            self._compare(given, expect)
        return CaseResult(name, tuple(self._document.problems))

    def _compare(self, given: Mapping[str, object], expect: Mapping[str, object]) -> None:
        try:
            steps = self._plan(given)
        except Unplannable as error:
            told = expect.get("fails")
            if told is None:
                self._report(("expect",), f"no plan can be made: {error}.")
            elif str(told) not in str(error):
                self._report(("expect", "fails"), f"it fails otherwise: {error}.")
            return
        if "fails" in expect:
            self._report(("expect", "fails"), f"a plan is made: {_in_words(steps)}.")
        self._compare_steps(steps, expect.get("steps"))
        self._compare_left_out(steps, expect.get("left_out"))
        needs = any(each.needs_approval for each in steps)
        if expect.get("needs_approval", needs) is not needs:
            self._report(("expect", "needs_approval"), f"it is {'needed' if needs else 'not needed'}.")

    # --- the plan ---

    def _plan(self, given: Mapping[str, object]) -> list[StepPlan]:
        here = Around(
            incident=_values(_USUAL_INCIDENT, given.get("incident"), INCIDENT.fields),
            target=_values(_USUAL_TARGET, given.get("target"), TARGET.fields),
            given=_named(given.get("inputs")),
        )
        resolving = resolve(self._runbook, here)
        findings, impossible = _named(given.get("findings")), _named(given.get("impossible"))
        try:
            wanted = next(resolving)
            while True:
                wanted = resolving.send(self._answer(wanted, findings, impossible))
        except StopIteration as done:
            steps: list[StepPlan] = done.value
            return steps

    def _answer(self, wanted: Wanted, findings: Mapping[str, object], impossible: Mapping[str, object]) -> Answer:
        step = wanted.step
        for name in (step.id, step.name):
            if name and name in impossible:
                return Impossible(str(impossible[name]))
        found = _named(findings.get(step.id))
        shape = self._actions.get(step.action)
        return StepPlan(
            name=wanted.name,
            action=step.action,
            effect=shape.effect if shape is not None else Effect.MUTATE,
            target=None,
            parameters={name: json.dumps(value) for name, value in wanted.parameters.items()},
            summary="as the test says",
            findings={name: json.dumps(value) for name, value in found.items()},
        )

    # --- what is expected of it ---

    def _compare_steps(self, steps: Sequence[StepPlan], expected: object) -> None:
        if expected is None:
            return
        diagnoses = {each.name for each in self._runbook.all_steps() if each.is_diagnosis}
        made = [each for each in steps if not each.left_out and each.name not in diagnoses]
        if not is_list(expected):
            self._report(("expect", "steps"), "is not a list.", "Write [kubectl_scale, notify_oncall].")
        elif len(expected) != len(made):
            self._report(("expect", "steps"), f"the plan has {len(made)} steps: {_in_words(made)}.")
        else:
            for index, (wanted, step) in enumerate(zip(expected, made, strict=True)):
                self._compare_step(("expect", "steps", index), wanted, step)

    def _compare_step(self, at: KeyPath, wanted: object, step: StepPlan) -> None:
        if not is_section(wanted):
            if wanted not in (step.name, step.action):
                self._report(at, f"it is {step.action} ({step.name}).")
            return
        self._known((*self._at, *at), wanted, STEP_KEYS)
        found: dict[str, object] = {
            "name": step.name,
            "action": step.action,
            "question": step.question,
            "together": step.together,
            "needs_approval": step.needs_approval,
        }
        for key, value in wanted.items():
            if key in found and found[key] != value:
                self._report((*at, key), f"it is {found[key]}.")
        for name, value in _named(wanted.get("parameters")).items():
            told = json.loads(step.parameters.get(name, "null"))
            if told != value:
                self._report((*at, "parameters", name), f"it is {json.dumps(told, ensure_ascii=False)}.")

    def _compare_left_out(self, steps: Sequence[StepPlan], expected: object) -> None:
        if expected is None:
            return
        left_out = [each.name for each in steps if each.left_out]
        if not is_list(expected) or sorted(map(str, expected)) != sorted(left_out):
            told = "; ".join(f"{each.name} ({each.left_out})" for each in steps if each.left_out)
            self._report(("expect", "left_out"), f"what is left out is: {told or 'nothing'}.")

    # --- the file ---

    def _section(self, name: str, keys: Sequence[str]) -> Mapping[str, object]:
        value = self._tree.get(name)
        if value is not None and not is_section(value):
            self._report((name,), "is not a section.")
        found = value if is_section(value) else {}
        self._known((*self._at, name), found, keys)
        for key, fields in (("incident", INCIDENT.fields), ("target", TARGET.fields)):
            self._known((*self._at, name, key), _named(found.get(key)), tuple(fields))
        for key in ("findings", "impossible"):
            self._known((*self._at, name, key), _named(found.get(key)), tuple(self._ids))
        return found

    def _known(self, at: KeyPath, tree: Mapping[str, object], keys: Sequence[str]) -> None:
        for key in tree:
            if key not in keys:
                self._document.report((*at, key), "no such key.", nearest(key, keys), at_key=True)

    def _report(self, at: KeyPath, message: str, hint: str | None = None) -> None:
        self._document.report((*self._at, *at), message, hint)


def _named(value: object) -> Mapping[str, object]:
    return value if is_section(value) else {}


def _values(usual: Mapping[str, object], given: object, kinds: Mapping[str, object]) -> dict[str, object]:
    told = {**usual, **_named(given)}
    if "kinds" in kinds and "kinds" not in told:
        told["kinds"] = [told["kind"]]
    return {name: from_json(told.get(name)) for name in kinds}


def _in_words(steps: Sequence[StepPlan]) -> str:
    return ", ".join(each.action or each.name for each in steps) or "none"

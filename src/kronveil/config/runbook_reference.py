"""Writes the reference page of runbooks: ``python -m kronveil.config.runbook_reference docs/reference/runbooks.md``."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kronveil.agent.reviewing import REVIEWS
from kronveil.config.runbook_actions import known_actions
from kronveil.config.runbook_files import load_runbooks
from kronveil.config.runbook_reading import INPUT_KEYS, KEYS, MOST_APPROVALS, MOST_RETRIES, STEP_KEYS
from kronveil.logic.expressions.functions import FUNCTIONS
from kronveil.logic.expressions.kinds import Record
from kronveil.logic.expressions.syntax import MOST_DEPTH as MOST_NESTED
from kronveil.logic.expressions.syntax import MOST_SOURCE
from kronveil.logic.resolving import INCIDENT, MOST_DEPTH, MOST_ITEMS, MOST_STEPS, TARGET
from kronveil.logic.response import ALIASES

_KEYS: Mapping[str, str] = {
    "name": "What it is called. Needed.",
    "description": "What it does, and when it helps. Needed.",
    "when": "Kinds of incidents it answers ([symptoms](symptoms.md)), or their other names below. Without it, it runs "
    "only when asked for, or as part of another.",
    "inputs": "What whoever runs it may set, by name.",
    "auto_execute": "Run without asking, where the configuration and the policy let it. Default: false.",
    "approvals": f"How many different people must agree, 1 to {MOST_APPROVALS}. Default: 1.",
    "settle": "How long the symptom must stay away before it counts as cured. Default: `runbooks.settle`.",
    "success": "An expression over `incident`, `target` and `inputs` that must hold besides.",
    "undo_on_failure": "Set back what was changed when a later step fails. Default: false.",
    "steps": "What is done, in order. Needed.",
}
_STEP_KEYS: Mapping[str, str] = {
    "name": "What it is called; may hold `${{ }}`. Needed.",
    "id": "The name by which later expressions know it: `steps.<id>`.",
    "action": "What it does: one of the [actions](actions/README.md), `review_memory` or `review_changes`.",
    "together": "Steps that are performed at once.",
    "ask": "A question: the run waits until a person answers it, for `timeout` at most.",
    "runbook": "The id of another runbook whose steps stand here; what it takes is given in `with`.",
    "with": "What the action, or the other runbook, is told.",
    "if": "An expression: where it is false, or nobody knows, the step is left out, and the plan says why.",
    "else": "Why it is left out then, in words; may hold `${{ }}`. Default: the expression itself.",
    "for_each": "An expression that gives a list: the step is done once for each item.",
    "as": "The name that each item has. Default: `item`.",
    "diagnose": "Read while the plan is made, so that later steps may depend on what it finds. What cannot be found "
    "out is unknown, and holds up no plan. It is not asked again when an approved plan begins.",
    "optional": "Leave it out where its target never would allow it, instead of making no plan.",
    "approval": "A plan with this step waits for a person, whatever `auto_execute` says.",
    "timeout": "How long it may take. Default: 60s.",
    "retries": f"How often it is tried again, 0 to {MOST_RETRIES}, when it is not known to have failed for good.",
}
_INPUT_KEYS: Mapping[str, str] = {
    "type": "`text`, `number`, `flag`, `quantity` (512Mi, 250m) or `duration` (15m). Needed.",
    "description": "What it is for.",
    "default": "Its value where none is given. A runbook with `when` needs one for each input.",
    "choices": "The values it may have.",
    "at_least": "The least value of a number, quantity or duration.",
    "at_most": "The most.",
}
_HEAD = """\
# Runbooks

What can be done about incidents of some kinds, as YAML or Python in `runbooks.directory`; a file's name without its
ending is the runbook's id. [How to write one](../how-to/write-a-runbook.md) ·
[JSON Schema for editors](../runbook.schema.json) · [actions](actions/README.md). This page is generated.

When a runbook is planned everything in it is decided: conditions, loops, parameters. What a person signs is what is
done. What is left out stays in the plan, and says why.
"""
_EXPRESSIONS = f"""\
## Expressions

`${{{{ ... }}}}` within texts of `with`, `name` and `ask`; bare in `if`, `for_each` and `success`. A text that is one
expression has that expression's kind (`by: ${{{{ inputs.by }}}}` is a number). `$${{{{` stands for `${{{{`.

They are read, checked when the runbook is loaded, and computed; no code is run, no shell reads what comes out, and what
a value holds is never read as an expression again. At most {MOST_SOURCE} characters, nested {MOST_NESTED} deep; a plan
has at most {MOST_STEPS} steps, a loop {MOST_ITEMS} turns, runbooks within runbooks {MOST_DEPTH} levels.

- Kinds: text `'a'`, number `5`, flag `true`, quantity `quantity('512Mi')`, duration `duration('15m')`, lists
  `['a', 'b']`. They do not mix: `steps.memory.limit` is a text, so write `quantity(steps.memory.limit)` to compare it.
- `+ - * / // %`, `== != < <= > >=`, `in`, `not in`, `and`, `or`, `not`, `a if condition else b`, `list[0]`,
  `record.name`.
- **Unknown is a value.** What nobody knows makes a comparison or a sum unknown, never false or zero; `false and`
  unknown is false, `true or` unknown is true. Ask with `known(x)`, or give another value with `default(x, y)`. An
  unknown value never becomes a parameter.

| name | kind |
|---|---|
"""


def page() -> str:
    """The whole page."""
    return "".join(
        (
            _HEAD,
            "\n## A runbook\n\n",
            _table(("key", "meaning"), ((f"`{key}`", _KEYS[key]) for key in KEYS)),
            "\n## An input\n\n",
            _table(("key", "meaning"), ((f"`{key}`", _INPUT_KEYS[key]) for key in INPUT_KEYS)),
            "\nGiven with `kronveil run RUNBOOK --incident ID --set name=value`, or as `parameters` over the API.\n",
            "\n## A step\n\nExactly one of `action`, `together`, `ask` and `runbook`.\n\n",
            _table(("key", "meaning"), ((f"`{key}`", _STEP_KEYS[key]) for key in STEP_KEYS)),
            "\n",
            _EXPRESSIONS,
            *_names(),
            "\n### Functions\n\n",
            _table(("function", "gives"), ((f"`{each.usage}`", each.summary) for each in FUNCTIONS.values())),
            "\n## What Kronveil itself can look at\n\nWhile the plan is made, in what was kept; no cluster is asked.\n",
            *_reviews(),
            "\n### What `run_diagnostic` finds\n\n",
            _table(("check", "takes", "finds"), _checks()),
            "\n## Other names of kinds\n\n",
            _table(("name", "kind"), ((f"`{name}`", f"`{kind}`") for name, kind in ALIASES.items())),
            "\n## Those that come along\n\nOne of yours with the same id takes the place of one of these.\n\n",
            _table(("id", "for", "by itself", "what it does"), _bundled()),
        )
    )


def _names() -> Iterator[str]:
    for record in (INCIDENT, TARGET):
        for name, kind in record.fields.items():
            yield f"| `{record}.{name}` | {_kind(kind)} |\n"
    yield "| `inputs.<name>` | as its type says |\n"
    yield "| `steps.<id>.<finding>` | as the action says; `steps.<id>.is_planned` (flag) for every step before |\n"
    yield "| `item` | within `for_each`, unless `as` says otherwise |\n"


def _kind(kind: object) -> str:
    text = str(kind)
    if isinstance(kind, Record):
        text = ", ".join(f"{name} ({_kind(each)})" for name, each in kind.fields.items())
    item = getattr(kind, "item", None)
    return f"list of: {_kind(item)}" if isinstance(item, Record) else text


def _reviews() -> Iterator[str]:
    for each in REVIEWS:
        yield f"\n### `{each.name}`\n\n{each.summary}\n\n"
        takes = ", ".join(f"`{one.name}` ({one.type}, {one.default}): {one.summary}" for one in each.takes)
        yield f"Takes {takes}\n\n"
        yield _table(("finds", "kind", "meaning"), ((f"`{one.name}`", one.type, one.summary) for one in each.finds))


def _checks() -> Iterator[Sequence[str]]:
    for name, one in sorted(known_actions()["run_diagnostic"].variants.items()):
        takes = ", ".join(f"`{each}`" for each in one.takes) or "-"
        yield f"`{name}`", takes, ", ".join(f"`{each}` ({_kind(kind)})" for each, kind in one.finds.items())


def _bundled() -> Iterator[Sequence[str]]:
    for each in load_runbooks(None, known_actions()):
        kinds = ", ".join(f"`{kind}`" for kind in each.incident_kinds)
        yield f"`{each.id}`", kinds, "yes" if each.auto_execute else "no", each.description


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")

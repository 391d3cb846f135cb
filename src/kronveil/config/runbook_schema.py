"""The JSON Schema of a runbook, for editors. What it cannot say, such as which name an expression may use, lint says.

``python -m kronveil.config.runbook_schema FILE`` writes the published copy.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kronveil.config.durations import DURATION_PATTERN
from kronveil.config.runbook_actions import known_actions
from kronveil.config.runbook_reading import MOST_APPROVALS, MOST_RETRIES
from kronveil.logic.linting import ActionShape, Takes
from kronveil.logic.response import ALIASES
from kronveil.model.runbook import InputType

Schema = dict[str, Any]
_TEMPLATE = "Words; ${{ ... }} is computed."
_EXPRESSION = "An expression, without ${{ and }}."
_PARAMETERS: Mapping[str, Schema] = {
    "text": {"type": ["string", "number"]},
    "whole number": {"type": "integer"},
    "flag": {"type": "boolean"},
    "duration": {"type": "string", "pattern": DURATION_PATTERN},
    "texts": {"type": "array", "items": {"type": "string"}},
    "section": {"type": "object"},
    "texts by name": {"type": "object"},
}
_COMPUTED: Schema = {"type": "string", "pattern": r"\$\{\{"}


def schema() -> Schema:
    """The whole schema."""
    actions = known_actions()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A Kronveil runbook",
        "description": "What can be done about incidents of some kinds.",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "description", "steps"],
        "properties": _top(),
        "$defs": {
            "expression": {"type": ["string", "boolean"], "description": _EXPRESSION},
            "duration": {"type": "string", "pattern": DURATION_PATTERN, "examples": ["15s", "2m", "1h30m"]},
            "input": _input(),
            "step": _step(actions),
        },
    }


def _top() -> Schema:
    return {
        "name": {"type": "string", "minLength": 1},
        "description": {"type": "string", "minLength": 1},
        "when": {
            "type": "array",
            "items": {"type": "string"},
            "description": f"Kinds of incidents; {', '.join(ALIASES)} are other names of some.",
        },
        "inputs": {"type": "object", "additionalProperties": {"$ref": "#/$defs/input"}},
        "auto_execute": {"type": "boolean", "description": "Run without asking, where the policy lets it."},
        "approvals": {"type": "integer", "minimum": 1, "maximum": MOST_APPROVALS},
        "settle": {"$ref": "#/$defs/duration"},
        "success": {"$ref": "#/$defs/expression"},
        "undo_on_failure": {"type": "boolean"},
        "steps": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
    }


def _input() -> Schema:
    plain: Schema = {"type": ["string", "number", "boolean"]}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["type"],
        "properties": {
            "type": {"enum": [each.value for each in InputType]},
            "description": {"type": "string"},
            "default": plain,
            "choices": {"type": "array", "items": plain},
            "at_least": plain,
            "at_most": plain,
        },
    }


def _step(actions: Mapping[str, ActionShape]) -> Schema:
    flag: Schema = {"type": "boolean"}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "description": _TEMPLATE},
            "id": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
            "action": {"enum": sorted(actions)},
            "together": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"}},
            "ask": {"type": "string", "minLength": 1, "description": _TEMPLATE},
            "runbook": {"type": "string", "minLength": 1},
            "with": {"type": "object"},
            "if": {"$ref": "#/$defs/expression"},
            "else": {"type": "string", "minLength": 1, "description": _TEMPLATE},
            "for_each": {"type": "string", "description": _EXPRESSION},
            "as": {"type": "string"},
            "diagnose": flag,
            "optional": flag,
            "approval": flag,
            "timeout": {"$ref": "#/$defs/duration"},
            "retries": {"type": "integer", "minimum": 0, "maximum": MOST_RETRIES},
        },
        "oneOf": [{"required": [key]} for key in ("action", "together", "ask", "runbook")],
        "allOf": [_of_action(name, shape) for name, shape in sorted(actions.items())],
    }


def _of_action(name: str, shape: ActionShape) -> Schema:
    """What one action takes, where a step names it."""
    needed = sorted(each for each, takes in shape.takes.items() if takes.is_required)
    given: Schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {each: _parameter(takes) for each, takes in shape.takes.items()},
        **({"required": needed} if needed else {}),
    }
    then: Schema = {"properties": {"with": given}, **({"required": ["with"]} if needed else {})}
    return {"if": {"properties": {"action": {"const": name}}, "required": ["action"]}, "then": then}


def _parameter(takes: Takes) -> Schema:
    return {"anyOf": [_PARAMETERS[takes.type], _COMPUTED]}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

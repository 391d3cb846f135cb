"""The JSON Schema of kronveil.yaml, for editors. ``python -m kronveil.config.schema PATH`` writes it."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from kronveil.config.durations import DURATION_PATTERN, RATE_PATTERN
from kronveil.config.meanings import MEANINGS
from kronveil.config.sections import Sections
from kronveil.config.settings import plain
from kronveil.config.shape import Shape, shape_of
from kronveil.config.validation import adapter

_REFERENCE = r"\$\{.+\}"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Writes our kinds of values as the file has them: every one may also be a text with a reference in it."""

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:  # noqa: ARG002
        return _text(DURATION_PATTERN)

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {"type": "string", "minLength": 1, "writeOnly": True}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        return _or_reference(super().int_schema(schema))

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return _or_reference(super().float_schema(schema))

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:
        return _or_reference(super().bool_schema(schema))

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        return _or_reference(super().literal_schema(schema))

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        # A key with everything below it commented out is null, and that is fine: see convert.py.
        return {**super().tuple_schema(schema), "type": ["array", "null"]}

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        if schema["cls"].__name__ == "Rate":
            return _text(RATE_PATTERN)
        return {**super().dataclass_schema(schema), "type": ["object", "null"]}

    def encode_default(self, dft: Any) -> Any:
        return plain(dft)


def schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of the file."""
    made = adapter().json_schema(schema_generator=_Generator)
    _describe(made, made["$defs"], shape_of(Sections), "")
    return {"$schema": _DIALECT, **made, "title": "Kronveil configuration"}


def _describe(node: dict[str, Any], definitions: dict[str, Any], shape: Shape, key: str) -> None:
    """Put each key's meaning beside it. A definition is used in one place only, so nothing is said twice."""
    for name, member in shape.fields.items():
        prop, at = node["properties"][name], f"{key}.{name}".lstrip(".")
        prop["description"] = MEANINGS[at]
        inner, inner_shape = prop, member.shape
        if inner_shape.kind == "list" and inner_shape.item:
            inner, inner_shape, at = prop["items"], inner_shape.item, f"{at}[]"
        if inner_shape.kind == "section":
            _describe(definitions[_reference_in(inner)], definitions, inner_shape, at)


def _reference_in(node: dict[str, Any]) -> str:
    direct = node if "$ref" in node else next(one for one in node["anyOf"] if "$ref" in one)
    return str(direct["$ref"]).removeprefix("#/$defs/")


def _text(pattern: str) -> JsonSchemaValue:
    return {"type": "string", "pattern": f"({pattern})|({_REFERENCE})"}


def _or_reference(node: JsonSchemaValue) -> JsonSchemaValue:
    return {"anyOf": [node, {"type": "string", "pattern": _REFERENCE}]}


def main(arguments: list[str]) -> int:
    """Write the schema to the one path given."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m kronveil.config.schema PATH\n")
        return 2
    Path(arguments[0]).write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

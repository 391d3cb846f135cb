"""Whether an answer is what the published schema says: a small reader of the parts of JSON Schema that we publish."""

import json
import re
from functools import cache
from pathlib import Path

PUBLISHED = Path(__file__).parents[2] / "dashboard" / "openapi.json"
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


@cache
def published():
    return json.loads(PUBLISHED.read_text())


def filled(path: str) -> str:
    """A path about things that the plain desk has."""
    known_ids = {
        "tokens": "made",
        "silences": "quiet",
        "events": "ev-00001",
        "evidence": "ev-00001",
        "runbooks": "pod-oom",
        "executions": "run-1",
    }
    for things, known in known_ids.items():
        path = path.replace(f"/{things}/{{id}}", f"/{things}/{known}")
    path = path.replace("/notifiers/{name}", "/notifiers/log")
    return path.replace("{id}", "inc-1").replace("{name}", "east")


def schema_of(method: str, path: str, status: int, media_type: str):
    responses = published()["paths"][path][method.lower()]["responses"]
    return responses[str(status)]["content"][media_type]["schema"]


def resolve(schema):
    if "$ref" in schema:
        return resolve(published()["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    return schema


def faults(value, schema, where="$"):  # noqa: PLR0911 - a case a line
    """Every way in which the value is not what the schema says; keys the schema does not name are faults too."""
    schema = resolve(schema)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            found = [faults(value, each, where) for each in schema[union]]
            return [] if [] in found else min(found, key=len)
    if "const" in schema and value != schema["const"]:
        return [f"{where}: {value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: {value!r} is not one of {schema['enum']}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (kind in {"integer", "number"} and isinstance(value, bool))):
        return [f"{where}: {value!r} is not {kind}"]
    if schema.get("format") == "date-time" and not _DATE_TIME.fullmatch(value):
        return [f"{where}: {value!r} is not RFC 3339 with milliseconds and Z"]
    if kind == "array":
        return [fault for n, each in enumerate(value) for fault in faults(each, schema["items"], f"{where}[{n}]")]
    return _object_faults(value, schema, where) if kind == "object" else []


def _object_faults(value, schema, where):
    properties, extra = schema.get("properties", {}), schema.get("additionalProperties", False)
    found = [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
    for name, each in value.items():
        if name in properties:
            found += faults(each, properties[name], f"{where}.{name}")
        elif extra is False:
            found.append(f"{where}: {name} is not in the schema")
        elif extra is not True:
            found += faults(each, extra, f"{where}.{name}")
    return found


def check_answer(response, method: str, path: str) -> None:
    media_type = response.headers["content-type"].partition(";")[0]
    assert faults(response.json(), schema_of(method, path, response.status_code, media_type)) == []


def check_problem(response, status: int):
    """The problem document of a refusal, proven to be one."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert faults(problem, {"$ref": "#/components/schemas/Problem"}) == []
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem["detail"]
    return problem

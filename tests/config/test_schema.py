import json
import re
import subprocess
import sys
from pathlib import Path

from kronveil.config.reference import keys
from kronveil.config.schema import schema
from kronveil.config.sections import Sections
from kronveil.config.shape import shape_of

COMMITTED = Path(__file__).parents[2] / "docs" / "kronveil.schema.json"


def test_the_schema_is_fresh():
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed == schema(), "run: python -m kronveil.config.schema docs/kronveil.schema.json"


def test_the_schema_writes_itself(tmp_path):
    file = tmp_path / "schema.json"
    subprocess.run([sys.executable, "-m", "kronveil.config.schema", str(file)], check=True)
    assert file.read_text(encoding="utf-8") == COMMITTED.read_text(encoding="utf-8")


def described(node, made):
    """Every property of the schema below ``node``, by its dotted name."""
    for name, prop in node.get("properties", {}).items():
        yield name, prop
        inner = prop.get("items", prop)
        for one in (inner, *inner.get("anyOf", ())):
            if "$ref" in one:
                below = made["$defs"][one["$ref"].rpartition("/")[2]]
                mark = "[]" if "items" in prop else ""
                yield from ((f"{name}{mark}.{key}", deeper) for key, deeper in described(below, made))


def test_the_schema_has_every_key_with_its_meaning_and_nothing_else():
    made = schema()
    found = dict(described(made, made))
    assert set(found) == {key for key, _ in keys(shape_of(Sections))}
    assert all(prop["description"] for prop in found.values())


def test_every_section_of_the_schema_is_closed():
    made = schema()
    assert made["additionalProperties"] is False
    assert all(one["additionalProperties"] is False for one in made["$defs"].values() if "properties" in one)


def test_durations_are_text_with_a_pattern_and_may_be_references():
    prop = schema()["$defs"]["IncidentsConfig"]["properties"]["resolve_after"]
    assert (prop["type"], prop["default"]) == ("string", "1m")
    for good in ("15s", "1h30m", "${env:WAIT}"):
        assert re.search(prop["pattern"], good), good
    for bad in ("15", "15 sec", "1.5h", ""):
        assert not re.search(prop["pattern"], bad), bad


def test_no_default_of_the_schema_is_of_this_machine():
    assert str(Path.home()) not in json.dumps(schema())

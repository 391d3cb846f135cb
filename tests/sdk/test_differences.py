"""Fields in which objects differ: found by paths, read at them, and set at them."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kronveil.sdk.differences import differences, put, value_at

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "x/y", ""])
KEYS = st.sampled_from(["spec", "a", "b", "kronveil.io/acted", "v"])
OBJECTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(inner, max_size=2)
        | st.lists(st.fixed_dictionaries({"name": st.sampled_from(["app", "side", "log"]), "v": inner}), max_size=3)
    ),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(KEYS, OBJECTS, max_size=3)


@given(DOCUMENTS, DOCUMENTS)
def test_setting_every_difference_back_gives_what_was_there_before(before: Any, after: Any):
    now = json.loads(json.dumps(after))
    for each in differences(before, after):
        assert value_at(after, each.path) == each.after
        assert put(now, each.path, each.before)
    assert _sorted(now) == _sorted(before)


def _sorted(value: Any) -> Any:
    """The same whatever the order of lists whose items have names."""
    if isinstance(value, dict):
        return {name: _sorted(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted((_sorted(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def test_a_value_is_found_by_the_path_that_people_write():
    obj = {
        "metadata": {"annotations": {"kronveil.io/acted": "k"}},
        "spec": {"containers": [{"name": "app", "ports": [{"containerPort": 80, "name": "web"}]}]},
    }
    assert value_at(obj, "metadata.annotations.kronveil.io/acted") == '"k"'
    assert value_at(obj, "spec.containers[app].ports[web].containerPort") == "80"
    assert value_at(obj, "spec.containers[side]") is None
    assert value_at(obj, "spec.paused") is None


def test_what_was_changed_is_set_back_and_what_others_changed_stays():
    before = {"spec": {"n": 1, "containers": [{"name": "app", "env": [{"name": "A", "value": "1"}], "image": "x"}]}}
    after = {
        "spec": {
            "n": 2,
            "new": True,
            "containers": [
                {"name": "app", "env": [{"name": "A", "value": "2"}, {"name": "B", "value": "3"}], "image": "x"}
            ],
        }
    }
    now = json.loads(json.dumps(after))
    now["spec"]["containers"][0]["image"] = "newer"
    for each in differences(before, after):
        assert put(now, each.path, each.before)
    expected = json.loads(json.dumps(before))
    expected["spec"]["containers"][0]["image"] = "newer"
    assert now == expected

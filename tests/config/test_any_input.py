"""Whatever is written, the answer is a configuration or problems in words, never a traceback."""

import json

from hypothesis import event, given, settings
from hypothesis import strategies as st

from kronveil.config import ConfigProblems, load
from kronveil.config.reference import keys
from kronveil.config.sections import Sections
from kronveil.config.shape import shape_of
from kronveil.config.summary import as_json, in_words

NAMES = sorted({part.removesuffix("[]") for key, _ in keys(shape_of(Sections)) for part in key.split(".")})
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["15s", "0s", "3/1h", "${env:A}", "${file:/}", "$${", "debug", "a", "~", "\x1b[2J", "${"])
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)
# Values where the file expects sections, and often the right ones, so that what lies deeper is reached too.
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "collectors": st.fixed_dictionaries(
            {"kubernetes": st.dictionaries(st.sampled_from(["clusters", "poll_interval", "stale_after"]), TREES)}
        ),
        "listen": st.dictionaries(st.sampled_from(["api", "grpc", "host", "debug"]), TREES),
        "api": TREES,
        "runbooks": TREES,
    },
)
ENVIRON = st.dictionaries(
    st.lists(st.sampled_from([*NAMES, "0", ""]), min_size=1, max_size=5).map(lambda p: "KRONVEIL__" + "__".join(p)),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    max_size=3,
)


def answered(file, text, environ):
    file.write_text(text, encoding="utf-8", errors="replace")
    try:
        config = load(file, {"HOME": "/home/me", "A": "1", **environ})
    except ConfigProblems as caught:
        told = caught
    else:
        event("valid")
        assert in_words(config)
        assert json.dumps(as_json(config))
        return
    event(f"{min(len(told.problems), 5)} problems")
    lines = str(told).split("\n")
    assert len(lines) == len(told.problems) + 1 > 1
    assert all(line.isprintable() for line in lines), lines


@settings(deadline=None)
@given(text=st.text(alphabet=st.sampled_from("agent: {}[]\n\t-#'\"&*!|>%@`,?<~$\\0x.:k\x00\u2028"), max_size=60))
def test_any_text_is_answered(tmp_path_factory, text):
    answered(tmp_path_factory.mktemp("any") / "kronveil.yaml", text, {})


@settings(deadline=None, max_examples=200)
@given(tree=LIKELY | TREES, environ=ENVIRON)
def test_any_tree_under_any_environment_is_answered(tmp_path_factory, tree, environ):
    answered(tmp_path_factory.mktemp("any") / "kronveil.yaml", json.dumps(tree), environ)

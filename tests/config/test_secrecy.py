"""Nothing that is printed repeats a secret, the value of an unknown key, or what a reference stands for."""

import json
import pickle
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kronveil.config import ConfigProblems, load
from kronveil.config.cautions import cautions
from kronveil.config.reference import keys
from kronveil.config.sections import Sections
from kronveil.config.settings import effective
from kronveil.config.shape import shape_of
from kronveil.config.summary import as_json, in_words
from kronveil.sdk.secret import Secret

SECRET_KEYS = [key for key, member in keys(shape_of(Sections)) if member.shape.kind == "secret"]
# A mark that can stand anywhere in a text and that no message of ours contains.
MARK = "zq7Zq"
HOSTILE = st.text(alphabet=st.sampled_from("*&!|>'\"{}[]#%@`:-, \n\t\\$?~<=a1"), max_size=6)


def loaded(text, environ):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kronveil.yaml"
        file.write_text(text, encoding="utf-8")
        return load(file, {"HOME": "/home/me", **(environ or {})})


def messages(text, environ=None):
    """All that `check` and the API would show of this file."""
    try:
        config = loaded(text, environ)
    except ConfigProblems as problems:
        return f"{problems} {problems!r} {problems.problems!r}"
    return f"{in_words(config)} {json.dumps(as_json(config))} {cautions(config)}"


def nested(key, value):
    """Write ``a.b: value`` as YAML, the value in the file as it is, well formed or not."""
    text, indent, mark = "", "", ""
    for part in key.split("."):
        text += f"{indent}{mark}{part.removesuffix('[]')}:\n"
        indent += " " * (2 + len(mark))
        mark = "- " if part.endswith("[]") else ""
    return f"{text[:-1]} {value}\n"


def whole(key, value):
    """The same with everything beside it that may not be missing."""
    every = dict(keys(shape_of(Sections)))
    tree = value
    outer = key.split(".")
    for depth in range(len(outer) - 1, -1, -1):
        tree = {outer[depth].removesuffix("[]"): [tree] if outer[depth].endswith("[]") else tree}
        above = ".".join(outer[:depth])
        for name, member in every.items():
            if member.is_required and above and name.rpartition(".")[0] == above:
                tree.setdefault(name.rpartition(".")[2], "abc")
    return json.dumps(tree)


@settings(max_examples=200, deadline=None)
@given(key=st.sampled_from(SECRET_KEYS), before=HOSTILE, after=HOSTILE)
def test_no_message_repeats_a_secret_however_badly_it_is_written(key, before, after):
    # On a line of its own and with a colon after it, it is no value any more but the name of another key.
    assume(not ("\n" in before and re.search(r":(\s|$)", after)))
    assert MARK not in messages(nested(key, f"{before}{MARK}{after}").replace("\n" + MARK, "\n  " + MARK))


@settings(max_examples=200, deadline=None)
@given(key=st.sampled_from(["tokne", "agent.pasword", "collectors.cicd.github_tokn"]), before=HOSTILE, after=HOSTILE)
def test_no_message_repeats_the_value_of_an_unknown_key(key, before, after):
    value = f"{before}{MARK}{after}".replace("\n", " ")
    assert MARK not in messages(nested(key, value))


@pytest.mark.parametrize("key", [key for key, _ in keys(shape_of(Sections)) if "[]" not in key])
@pytest.mark.parametrize("what", [MARK, "8473", "47ms", "97h", "7/47s", f"/{MARK}"])
def test_no_message_repeats_what_a_reference_stands_for(key, what):
    referring = messages(nested(key, "'${env:IT}'"), {"IT": what})
    assert MARK not in referring
    assert what not in referring.replace(tempfile.gettempdir(), "")


def test_no_message_about_clusters_repeats_what_a_reference_stands_for():
    text = """
listen: {api: "${env:PORT}", grpc: "${env:PORT}"}
collectors:
  kubernetes:
    stale_after: ${env:LONG}
    clusters:
      - {name: "${env:IT}", kubeconfig_path: "${env:IT}", namespaces: ["${env:IT}"], context: "${env:IT}"}
"""
    again = '      - {name: "${env:IT}", poll_interval: "${env:LONG}"}\n'
    environ = {"IT": MARK, "LONG": "97s", "PORT": "7443"}
    assert "is valid" in messages(text.replace(', grpc: "${env:PORT}"', ""), environ)
    for shown in (messages(text.replace(', grpc: "${env:PORT}"', ""), environ), messages(text + again, environ)):
        assert MARK not in shown
        assert "1m37s" not in shown
        assert "7443" not in shown


@settings(max_examples=100, deadline=None)
@given(key=st.sampled_from(SECRET_KEYS))
def test_a_loaded_configuration_masks_its_secrets(key):
    config = loaded(whole(key, MARK), {})
    assert MARK not in f"{config} {config!r} {effective(config)}"


@pytest.mark.parametrize("key", SECRET_KEYS)
@pytest.mark.parametrize("value", ["zq7Zq", "[zq7Zq]", "{zq7Zq: 1}", "{a: zq7Zq}", "123zq7Zq: x", "*zq7Zq", "!zq7Zq x"])
def test_a_secret_of_the_wrong_form_is_not_repeated(key, value):
    assert MARK not in messages(nested(key, value))


def test_a_number_as_a_secret_is_not_repeated(refuses):
    (line,) = refuses("api: {bootstrap_token: 987654321}")
    assert "987654321" not in line


def test_a_secret_masks_itself():
    secret = Secret("hunter2")
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{[secret]}"):
        assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert secret != "hunter2"
    assert hash(secret) == hash(Secret("hunter2"))
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)

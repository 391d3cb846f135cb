import os
from contextlib import contextmanager

import pytest

from kronveil.config import ConfigProblems, load
from kronveil.config.yaml_text import MAX_BYTES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: b: c", "1:5: not YAML: a colon where none can be. Put a text that holds a colon in quotes."),
        ("agent:\n\tname: x", "2:1: not YAML: a tab where spaces are expected. Indent with spaces."),
        ("a: *nobody", "1:4: not YAML: an alias (*) without its anchor (&). Put a text that starts with * in quotes."),
        ("a: [1, 2", "1:9: not YAML: the text ends inside brackets. Close the brackets."),
        ("a: 'x", "1:6: not YAML: the text ends inside quotes. Close the quotes."),
        ('a: "\\z"', "1:6: not YAML: an unknown escape after a backslash. Use single quotes, or two backslashes."),
        ("agent: {}\n---\napi: {}", "2:1: not YAML: a second document (---) in the file. Keep one document."),
        ("a: @x", "1:4: not YAML: a character that cannot start a value. Put the value in quotes."),
        ("a: 1\nb", "2:2: not YAML: a line without its colon. Write key: value."),
        ("- a\nb: 1", "2:1: not YAML: a line indented differently from its neighbours."),
        ("a: \x01", "1:4: not YAML: a control character. Remove it."),
        ("- a", "1:1: the file holds no sections. Write, say, agent: {name: kronveil}."),
        ("kronveil", "1:1: the file holds no sections. Write, say, agent: {name: kronveil}."),
        ("agent:\n  name: a\n  name: b", "3:3 agent.name: written twice, first in line 2. Keep one of the two."),
        ("1: x", "1:1: a key that is not text. Put the key in quotes."),
        ("? [a]\n: x", "1:3: a key that is not text. Put the key in quotes."),
        (
            "agent: {name: !secret x}",
            "1:15 agent.name: a tag (!) is not supported. Put a text that starts with ! in quotes.",
        ),
        ("agent: &a {name: *a}", "1:8 agent.name: an alias inside the very thing it names."),
        ("agent: {<<: 5}", "1:13 agent: << merges only sections. Write <<: *name, where &name is a section."),
    ],
)
def test_what_cannot_be_read_names_its_place(refuses, text, expected):
    assert refuses(text)[0] == f"kronveil.yaml:{expected}"


def refusal(path):
    with pytest.raises(ConfigProblems) as caught:
        load(path, {})
    (problem,) = caught.value.problems
    return f"{problem.message} {problem.suggestion or ''}".strip()


def test_a_missing_file_is_named_with_the_way_to_write_one(tmp_path):
    assert refusal(tmp_path / "none.yaml") == "no such file. Write one with: kronveil init"


def test_a_folder_is_not_a_file(tmp_path):
    assert refusal(tmp_path) == "is a folder, not a file."


def test_a_file_that_may_not_be_read_says_so(tmp_path):
    file = tmp_path / "kronveil.yaml"
    file.touch(mode=0)
    with nobody_special():
        assert refusal(file) == "cannot be read: Permission denied."


@contextmanager
def nobody_special():
    """Root may read everything, so for a moment this process is somebody else."""
    caller = os.geteuid()
    if caller == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(caller)


def test_a_file_behind_a_file_cannot_be_read(tmp_path):
    (tmp_path / "plain").touch()
    assert refusal(tmp_path / "plain" / "kronveil.yaml") == "cannot be read: Not a directory."


def test_other_encodings_are_refused_with_the_line(tmp_path):
    file = tmp_path / "kronveil.yaml"
    file.write_bytes("agent:\n  name: Zürich\n".encode("latin-1"))
    assert refusal(file) == "not UTF-8 text. Save the file as UTF-8."
    with pytest.raises(ConfigProblems, match=r"kronveil\.yaml:2: not UTF-8"):
        load(file, {})


def test_a_byte_order_mark_does_no_harm(tmp_path):
    file = tmp_path / "kronveil.yaml"
    file.write_bytes(b"\xef\xbb\xbfagent: {name: x}\n")
    assert load(file, {"HOME": "/"}).agent.name == "x"


def test_a_file_too_large_to_be_a_configuration_is_refused(tmp_path):
    file = tmp_path / "kronveil.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    assert refusal(file) == "larger than 4 MiB; that is not a configuration."


def test_aliases_cannot_blow_up_a_small_file(tmp_path):
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10))
    file = tmp_path / "kronveil.yaml"
    file.write_text(f"l0: &l0 [x, x]\n{levels}\n")
    assert "values; that is not a configuration" in refusal(file)


def test_merges_cannot_blow_up_a_small_file(tmp_path):
    levels = "\n".join(f"l{n}: &l{n} {{<<: [{', '.join([f'*l{n - 1}'] * 10)}]}}" for n in range(1, 10))
    file = tmp_path / "kronveil.yaml"
    file.write_text(f"l0: &l0 {{x: 1}}\n{levels}\n")
    assert "values; that is not a configuration" in refusal(file)


def test_deep_nesting_is_refused_not_crashed_on(tmp_path):
    file = tmp_path / "kronveil.yaml"
    file.write_text("a: " + "[" * 20_000 + "]" * 20_000)
    assert "not YAML" in refusal(file)

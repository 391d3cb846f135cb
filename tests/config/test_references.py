from pathlib import Path

import pytest

from kronveil.config.references import MAX_FILE_BYTES, BadReferenceError, resolve


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${env:A}", "one"),
        ("${A}", "one"),
        ("x-${env:A}-${env:B}", "x-one-two"),
        ("$${env:A}", "${env:A}"),
        ("$$${env:A}", "$${env:A}"),
        ("cost: $5", "cost: $5"),
        ("${env:NESTED}", "${env:A}"),
        ("${env:EMPTY}", ""),
    ],
)
def test_a_reference_stands_for_its_value(text, expected):
    environ = {"A": "one", "B": "two", "NESTED": "${env:A}", "EMPTY": ""}
    assert resolve(text, environ, Path("/")) == expected


def test_a_file_stands_for_its_content_without_the_last_line_break(tmp_path):
    for content, expected in [
        (b"s3", "s3"),
        (b"s3\n", "s3"),
        (b"s3\r\n", "s3"),
        (b"s3\n\n", "s3\n"),
        (b" s3 ", " s3 "),
    ]:
        (tmp_path / "token").write_bytes(content)
        assert resolve(f"${{file:{tmp_path}/token}}", {}, Path("/")) == expected
        assert resolve("${file:token}", {}, tmp_path) == expected
        assert resolve("${file:~/token}", {"HOME": str(tmp_path)}, Path("/")) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${env:NOPE}", "the environment variable NOPE is not set."),
        ("${NOPE}", "the environment variable NOPE is not set."),
        ("${env:}", "a reference to the environment without a proper name."),
        ("${env:NO-PE}", "a reference to the environment without a proper name."),
        ("${file:}", "a reference to a file without its path."),
        ("${file:/no/such/file}", "the file /no/such/file cannot be read: No such file or directory."),
        ("${file:/}", "the file / cannot be read: Is a directory."),
        ("${vault:a/b}", "references to Vault are not in this version yet."),
        ("${magic:x}", "a reference of a kind that does not exist."),
        ("${}", "a reference of a kind that does not exist."),
        ("${env:OPEN", "a reference is not closed."),
    ],
)
def test_a_reference_that_leads_nowhere_says_so(text, message):
    with pytest.raises(BadReferenceError) as caught:
        resolve(text, {}, Path("/"))
    assert caught.value.message == message


def test_a_file_that_is_no_secret_is_refused(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(BadReferenceError, match="larger than 1 MiB"):
        resolve("${file:big}", {}, tmp_path)
    with pytest.raises(BadReferenceError, match="not UTF-8"):
        resolve("${file:binary}", {}, tmp_path)


def test_references_work_in_every_kind_of_value(loads, tmp_path):
    (tmp_path / "token").write_text("s3cret\n")
    environ = {"LEVEL": "debug", "PORT": "8181", "LIVE": "true", "WAIT": "90s", "DIR": "/data", "NS": "payments"}
    config = loads(
        """
agent: {log_level: "${env:LEVEL}", data_dir: "${env:DIR}/kronveil"}
listen: {api: "${env:PORT}"}
api: {bootstrap_token: "${file:token}"}
runbooks: {live: "${env:LIVE}"}
incidents: {resolve_after: "${env:WAIT}"}
collectors: {kubernetes: {clusters: [{name: a, namespaces: ["${env:NS}"]}]}}
""",
        environ,
    )
    assert (config.agent.log_level, config.agent.data_dir) == ("debug", Path("/data/kronveil"))
    assert (config.listen.api, config.runbooks.live) == (8181, True)
    assert config.incidents.resolve_after.total_seconds() == 90
    assert config.api.bootstrap_token is not None
    assert config.api.bootstrap_token.reveal() == "s3cret"
    assert config.collectors.kubernetes is not None
    assert config.collectors.kubernetes.clusters[0].namespaces == ("payments",)


def test_a_reference_to_a_wrong_value_is_told_by_the_reference(refuses):
    environ = {"LEVEL": "hidden1", "PORT": "hidden2", "WAIT": "hidden3", "BIG": "70000"}
    lines = refuses(
        """
agent: {log_level: "${env:LEVEL}"}
listen: {api: "${env:PORT}", grpc: "${env:BIG}"}
incidents: {resolve_after: "${env:WAIT}"}
""",
        environ,
    )
    assert lines == [
        'kronveil.yaml:2:20 agent.log_level: "${env:LEVEL}" is not one of debug, info, warning, error.',
        'kronveil.yaml:3:15 listen.api: "${env:PORT}" is not a whole number. Write digits, without quotes.',
        'kronveil.yaml:3:36 listen.grpc: "${env:BIG}" is out of bounds. It must be at most 65535.',
        'kronveil.yaml:4:28 incidents.resolve_after: "${env:WAIT}" is not a duration. Write 15s, 2m or 1h30m.',
    ]


def test_an_unset_variable_is_a_problem_at_its_place(refuses):
    assert refuses("collectors:\n  cicd:\n    github_token: ${env:GITHUB_TOKEN}") == [
        (
            "kronveil.yaml:3:19 collectors.cicd.github_token: the environment variable GITHUB_TOKEN is not set. "
            "Set it: export GITHUB_TOKEN=..."
        )
    ]


def test_a_reference_below_an_unknown_key_is_not_followed(refuses):
    assert refuses("agnet: {name: '${env:SECRET_NAME}'}") == [
        "kronveil.yaml:1:1 agnet: no such key. Did you mean agent?"
    ]


def test_an_empty_secret_is_a_problem(refuses):
    for text, environ in [("''", {}), ("${env:T}", {"T": ""})]:
        (line,) = refuses(f"api: {{bootstrap_token: {text!r}}}".replace("\"''\"", "''"), environ)
        assert "api.bootstrap_token: is empty or not text." in line

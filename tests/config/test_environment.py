from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("name", "text", "path", "expected"),
    [
        ("KRONVEIL__AGENT__LOG_LEVEL", "debug", "agent.log_level", "debug"),
        ("KRONVEIL__AGENT__NAME", "123", "agent.name", "123"),
        ("KRONVEIL__AGENT__NAME", "null", "agent.name", "null"),
        ("KRONVEIL__AGENT__DATA_DIR", "/data", "agent.data_dir", Path("/data")),
        ("KRONVEIL__LISTEN__API", "8181", "listen.api", 8181),
        ("KRONVEIL__LISTEN__API", "null", "listen.api", None),
        ("KRONVEIL__LISTEN__API", "", "listen.api", None),
        ("KRONVEIL__RUNBOOKS__LIVE", "true", "runbooks.live", True),
        ("KRONVEIL__API__ALLOWED_HOSTS", "a.example, b.example", "api.allowed_hosts", ("a.example", "b.example")),
        ("KRONVEIL__API__ALLOWED_HOSTS", "[a.example]", "api.allowed_hosts", ("a.example",)),
        ("KRONVEIL__API__ALLOWED_HOSTS", "", "api.allowed_hosts", ()),
        ("KRONVEIL__API__BOOTSTRAP_TOKEN", "null", "api.bootstrap_token", None),
        ("kronveil__agent__log_level", "debug", "agent.log_level", "debug"),
    ],
)
def test_the_environment_sets_a_value_of_the_right_type(loads, name, text, path, expected):
    value = loads("", {name: text})
    for part in path.split("."):
        value = getattr(value, part)
    assert value == expected


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(loads):
    text = "agent: {log_level: warning}"
    assert loads("").agent.log_level == "info"
    assert loads(text).agent.log_level == "warning"
    config = loads(text, {"KRONVEIL__AGENT__LOG_LEVEL": "debug"})
    assert config.agent.log_level == "debug"
    assert config.origins["agent.log_level"].source == "environment KRONVEIL__AGENT__LOG_LEVEL"


def test_one_value_of_a_cluster_or_all_clusters_can_be_set(loads):
    text = "collectors: {kubernetes: {clusters: [{name: a}, {name: b}]}}"
    config = loads(text, {"KRONVEIL__COLLECTORS__KUBERNETES__CLUSTERS__1__CONTEXT": "prod"})
    assert config.collectors.kubernetes is not None
    assert [one.context for one in config.collectors.kubernetes.clusters] == [None, "prod"]
    config = loads(text, {"KRONVEIL__COLLECTORS__KUBERNETES__CLUSTERS": "[{name: c, namespaces: [x]}]"})
    assert config.collectors.kubernetes is not None
    assert [(one.name, one.namespaces) for one in config.collectors.kubernetes.clusters] == [("c", ("x",))]
    assert config.origins["collectors.kubernetes.clusters[0].name"].source.startswith("environment ")


def test_a_secret_in_the_environment_is_a_secret(loads):
    config = loads("", {"KRONVEIL__API__BOOTSTRAP_TOKEN": "s3cret"})
    assert config.api.bootstrap_token is not None
    assert config.api.bootstrap_token.reveal() == "s3cret"
    assert "s3cret" not in repr(config)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("KRONVEIL__AGNET__NAME", "x", "agnet: no such key. Did you mean agent?"),
        ("KRONVEIL__AGENT__LOG_LEVLE", "x", "agent.log_levle: no such key. Did you mean log_level?"),
        (
            "KRONVEIL__AGENT__LOG_LEVEL",
            "loud",
            'agent.log_level: "loud" is not one of debug, info, warning, error.',
        ),
        ("KRONVEIL__LISTEN__API", "http", 'listen.api: "http" is not a whole number. Write digits, without quotes.'),
        ("KRONVEIL__LISTEN__API", "70000", "listen.api: 70000 is out of bounds. It must be at most 65535."),
        ("KRONVEIL__AGENT", "x", "agent: is text, not a section. Write its keys below it, indented."),
        ("KRONVEIL__AGENT", "{a", "agent: the value cannot be read."),
        ("KRONVEIL__AGENT__NAME__FIRST", "x", "agent.name.first: the environment names a key where none can be."),
        ("KRONVEIL__AGENT____NAME", "x", "agent.: the environment names a key where none can be."),
        (
            "KRONVEIL__COLLECTORS__KUBERNETES__CLUSTERS__7__NAME",
            "x",
            "collectors.kubernetes.clusters[7]: the environment names a key where none can be.",
        ),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(refuses, name, text, expected):
    file = "agent: {name: a}\ncollectors: {kubernetes: {clusters: [{name: a}]}}"
    if name == "KRONVEIL__AGENT__NAME__FIRST":
        assert refuses(file, {name: text}) == [f"environment {name} {expected}"]
    else:
        assert refuses(file, {name: text}) == [f"environment {name} {expected}"]


def test_the_clouds_own_variables_count_where_the_section_is_there_and_names_none(loads):
    environ = {"AZURE_SUBSCRIPTION_ID": "sub-1", "GOOGLE_CLOUD_PROJECT": "p-2"}
    config = loads("collectors: {azure: {}, gcp: {}}", environ)
    assert config.collectors.azure is not None
    assert config.collectors.gcp is not None
    assert config.collectors.azure.subscription_ids == ("sub-1",)
    assert config.collectors.gcp.project_ids == ("p-2",)
    assert config.origins["collectors.azure.subscription_ids"].source == "environment AZURE_SUBSCRIPTION_ID"

    config = loads("collectors: {gcp: {}}", {**environ, "GCP_PROJECT_ID": "p-1"})
    assert config.collectors.gcp is not None
    assert config.collectors.gcp.project_ids == ("p-1",)

    config = loads("collectors: {azure: {subscription_ids: [mine]}}", environ)
    assert config.collectors.azure is not None
    assert config.collectors.azure.subscription_ids == ("mine",)
    assert config.collectors.gcp is None


def test_other_variables_mean_nothing(loads):
    assert loads("", {"KRONVEIL_URL": "x", "KRONVEIL_TOKEN": "y", "KRONVEIL": "z"}) == loads("")

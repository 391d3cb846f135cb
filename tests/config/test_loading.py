from datetime import timedelta
from pathlib import Path

import pytest

from kronveil.collectors.kubernetes.config import ClusterConfig, KubernetesConfig, WriteAccess
from kronveil.config import ConfigProblems, find_file, load
from kronveil.config.durations import Rate
from kronveil.sdk.errors import ConfigError


@pytest.mark.parametrize(
    "text", ["", "\n# only a comment\n", "---\n", "null", "{}", "agent:\ncollectors:\n  kubernetes:\n"]
)
def test_a_file_that_says_nothing_is_valid(loads, text):
    config = loads(text)
    assert config.agent.name == "kronveil"
    assert config.collectors.kubernetes is None


def test_the_defaults_are_those_of_the_contract(loads):
    config = loads("collectors: {kubernetes: {}}")
    listen = config.listen
    assert (listen.host, listen.api, listen.dashboard, listen.grpc) == ("127.0.0.1", 8080, 3000, 9091)
    assert (listen.otlp_grpc, listen.otlp_http, listen.prometheus) == (4317, 4318, 8889)
    assert (listen.health, listen.debug) == (13133, 55679)
    assert (config.agent.log_level, config.agent.log_format) == ("info", "auto")
    assert config.collectors.kubernetes == KubernetesConfig(
        poll_interval=timedelta(seconds=15),
        stale_after=timedelta(seconds=60),
        unreachable_after=timedelta(minutes=3),
        clusters=(),
    )
    assert (config.incidents.resolve_after, config.incidents.reopen_within) == (
        timedelta(seconds=60),
        timedelta(minutes=15),
    )
    assert config.api.auth == "auto"
    assert config.api.bootstrap_token is None
    assert not config.api.test_injection
    runbooks = config.runbooks
    assert (runbooks.live, runbooks.auto_execute) == (False, True)
    assert (runbooks.settle, runbooks.approval_expires, runbooks.cooldown) == (
        timedelta(minutes=2),
        timedelta(minutes=30),
        timedelta(),
    )
    assert runbooks.max_actions_per_target == Rate(3, timedelta(hours=1))
    assert runbooks.fleet_budget == Rate(30, timedelta(minutes=10))


def test_values_come_typed(loads, tmp_path):
    config = loads("""
collectors:
  kubernetes:
    clusters:
      - name: us-east-prod
        kubeconfig_path: ~/.kube/us-east.yaml
        context: east
        namespaces: [payments, "123"]
        poll_interval: 1h30m
        stale_after: 2h
        unreachable_after: 3h
        region: us-east-1
        write: {kubeconfig_path: write.yaml, context: east-write}
""")
    assert config.collectors.kubernetes is not None
    assert config.collectors.kubernetes.clusters == (
        ClusterConfig(
            name="us-east-prod",
            kubeconfig_path=Path("/home/me/.kube/us-east.yaml"),
            context="east",
            namespaces=("payments", "123"),
            poll_interval=timedelta(minutes=90),
            stale_after=timedelta(hours=2),
            unreachable_after=timedelta(hours=3),
            region="us-east-1",
            write=WriteAccess(kubeconfig_path=tmp_path / "write.yaml", context="east-write"),
        ),
    )


def test_a_cluster_has_its_own_times_or_those_of_the_section(loads):
    config = loads("""
collectors:
  kubernetes:
    poll_interval: 5s
    clusters: [{name: near}, {name: far, unreachable_after: 10m}]
""")
    kubernetes = config.collectors.kubernetes
    assert kubernetes is not None
    near, far = map(kubernetes.times_of, kubernetes.clusters)
    assert (near.poll_interval, near.unreachable_after) == (timedelta(seconds=5), timedelta(minutes=3))
    assert (far.poll_interval, far.unreachable_after) == (timedelta(seconds=5), timedelta(minutes=10))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("poll_interval: 30s", (30, 60, 180)),
        ("poll_interval: 60s", (60, 240, 720)),
        ("poll_interval: 2m, stale_after: 3m", (120, 180, 540)),
        ("stale_after: 5m", (15, 300, 900)),
    ],
)
def test_a_longer_time_stretches_the_defaults_after_it(loads, written, expected):
    for text in (
        f"collectors: {{kubernetes: {{{written}, clusters: [{{name: a}}]}}}}",
        f"collectors: {{kubernetes: {{clusters: [{{name: a, {written}}}]}}}}",
    ):
        kubernetes = loads(text).collectors.kubernetes
        assert kubernetes is not None
        times = kubernetes.times_of(kubernetes.clusters[0])
        found = (times.poll_interval, times.stale_after, times.unreachable_after)
        assert found == tuple(timedelta(seconds=one) for one in expected)


def test_a_port_may_be_off_or_free(loads):
    config = loads("listen: {api: 0, dashboard: null, grpc: 0}")
    assert (config.listen.api, config.listen.dashboard, config.listen.grpc) == (0, None, 0)


def test_anchors_and_merges_work(loads):
    config = loads("""
collectors:
  kubernetes:
    clusters:
      - &slow {name: a, unreachable_after: 10m}
      - {<<: *slow, name: b}
""")
    assert config.collectors.kubernetes is not None
    assert [(one.name, one.unreachable_after) for one in config.collectors.kubernetes.clusters] == [
        ("a", timedelta(minutes=10)),
        ("b", timedelta(minutes=10)),
    ]


def test_the_data_folder_is_the_users_state_folder(loads):
    assert loads("").agent.data_dir == Path("/home/me/.local/state/kronveil")
    assert loads("", {"XDG_STATE_HOME": "/state"}).agent.data_dir == Path("/state/kronveil")
    assert loads("", {"XDG_STATE_HOME": "not/absolute"}).agent.data_dir == Path("/home/me/.local/state/kronveil")
    assert loads("agent: {data_dir: /data}", {"XDG_STATE_HOME": "/state"}).agent.data_dir == Path("/data")


def test_a_relative_path_starts_at_the_folder_of_the_file(loads, tmp_path):
    assert loads("agent: {data_dir: data}").agent.data_dir == tmp_path / "data"


def test_what_this_version_does_not_do_is_listed_and_nothing_else(loads):
    assert loads("").not_built == ()
    config = loads("""
collectors: {kubernetes: {}, kafka: {bootstrap_servers: [b:9092]}, cicd: {}, logs: null}
runbooks: {live: true}
bus: {kind: memory}
store: {event_retention: 1d}
""")
    assert config.not_built == ("kafka", "cicd")
    assert loads("bus: {kind: kafka}").not_built == ("bus",)


def test_without_a_file_there_are_the_environment_and_the_defaults():
    config = load(None, {"HOME": "/home/me", "KRONVEIL__AGENT__NAME": "one"})
    assert (config.agent.name, config.listen.api, config.file) == ("one", 8080, None)


def test_without_any_file_the_way_on_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"kronveil init[^$]*kronveil demo"):
        find_file(None)
    (tmp_path / "kronveil.yaml").touch()
    assert find_file(None) == Path("kronveil.yaml")
    assert find_file(Path("other.yaml")) == Path("other.yaml")


def test_a_configuration_with_problems_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.yaml", {})
    assert isinstance(caught.value, ConfigProblems)

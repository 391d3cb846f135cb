import json

from kronveil.config.settings import effective

TEXT = """\
agent:
  log_level: debug
api: {bootstrap_token: s3cret}
collectors:
  kubernetes:
    clusters:
      - name: a
        namespaces: [x, y]
        kubeconfig_path: ${env:WHERE}
  cicd: {}
"""


def settings_of(config):
    return {one.key: one for one in effective(config)}


def test_every_leaf_has_its_value_its_default_and_its_source(loads, tmp_path):
    found = settings_of(loads(TEXT, {"WHERE": "/secret/place", "KRONVEIL__LISTEN__API": "8181"}))
    file = tmp_path / "kronveil.yaml"

    def row(key):
        return (found[key].value, found[key].default, found[key].source)

    assert row("agent.log_level") == ("debug", "info", f"{file}:2")
    assert row("agent.name") == ("kronveil", "kronveil", "default")
    assert row("listen.api") == (8181, 8080, "environment KRONVEIL__LISTEN__API")
    assert row("incidents.reopen_within") == ("15m", "15m", "default")
    assert row("runbooks.max_actions_per_target") == ("3/1h", "3/1h", "default")
    assert row("collectors.kubernetes.stale_after") == ("1m", "1m", "default")
    assert row("collectors.kubernetes.clusters[0].name") == ("a", None, f"{file}:7")
    assert row("collectors.kubernetes.clusters[0].namespaces") == (["x", "y"], [], f"{file}:8")
    assert row("collectors.kafka") == (None, None, "default")


def test_secrets_show_only_whether_they_are_set(loads):
    found = settings_of(loads(TEXT, {"WHERE": "/x"}))
    assert found["api.bootstrap_token"].value == "set"
    assert found["collectors.cicd.github_token"].value is None


def test_a_reference_shows_as_it_was_written(loads):
    found = settings_of(loads(TEXT, {"WHERE": "/secret/place"}))
    assert found["collectors.kubernetes.clusters[0].kubeconfig_path"].value == "${env:WHERE}"


def test_the_default_of_the_data_folder_is_that_of_this_user(loads):
    found = settings_of(loads("", {"HOME": "/home/me"}))
    assert found["agent.data_dir"].value == "/home/me/.local/state/kronveil"
    assert found["agent.data_dir"].source == "default"


def test_the_whole_is_json(loads):
    found = effective(loads(TEXT, {"WHERE": "/x"}))
    assert json.loads(json.dumps([one.value for one in found])) == [one.value for one in found]
    assert len({one.key for one in found}) == len(found)

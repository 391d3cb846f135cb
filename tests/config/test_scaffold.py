from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kronveil.config import load
from kronveil.config.cautions import cautions
from kronveil.config.kubeconfig import KubeContext, kubeconfig_paths, read_kubeconfigs
from kronveil.config.scaffold import cluster_name, commented_config, render


def kubeconfig(*contexts, token="s3cret"):
    """A kubeconfig with these contexts; each ``name`` or ``(name, server)``."""
    pairs = [one if isinstance(one, tuple) else (one, f"https://{one}.example:6443") for one in contexts]
    clusters = "".join(f"- {{name: 'c-{name}', cluster: {{server: '{server}'}}}}\n" for name, server in pairs)
    users = f"- {{name: me, user: {{token: {token}}}}}\n"
    entries = "".join(f"- {{name: '{name}', context: {{cluster: 'c-{name}', user: me}}}}\n" for name, _ in pairs)
    return f"apiVersion: v1\nkind: Config\nclusters:\n{clusters}users:\n{users}contexts:\n{entries}"


@pytest.fixture
def written(tmp_path):
    """Writes kubeconfigs, makes the configuration of them and loads it."""

    def written(**files):
        paths = []
        for name, text in files.items():
            paths.append(tmp_path / name)
            paths[-1].write_text(text, encoding="utf-8")
        text = commented_config(paths, home=tmp_path)
        file = tmp_path / "kronveil.yaml"
        file.write_text(text, encoding="utf-8")
        config = load(file, {"HOME": str(tmp_path)})
        assert cautions(config) == []
        assert config.not_built == ()
        return text, config.collectors.kubernetes.clusters if config.collectors.kubernetes else ()

    return written


def test_each_context_becomes_a_cluster(written, tmp_path):
    text, clusters = written(east=kubeconfig("us-east-prod", "eu-west-prod"))
    assert [(one.name, one.context, one.kubeconfig_path) for one in clusters] == [
        ("us-east-prod", "us-east-prod", tmp_path / "east"),
        ("eu-west-prod", "eu-west-prod", tmp_path / "east"),
    ]
    assert "kubeconfig_path: ~/east" in text
    assert all(one.write is None for one in clusters)


def test_no_credential_is_copied(written):
    text, _ = written(east=kubeconfig("prod", token="s3cret-token"))
    assert "s3cret-token" not in text


def test_several_kubeconfigs_are_read_and_the_first_of_two_equal_names_counts(written, tmp_path):
    _, clusters = written(east=kubeconfig("prod"), west=kubeconfig(("prod", "https://other"), "west"))
    assert [(one.name, one.kubeconfig_path) for one in clusters] == [
        ("prod", tmp_path / "east"),
        ("west", tmp_path / "west"),
    ]


def test_cluster_names_are_short_and_unique(written):
    _, clusters = written(
        all=kubeconfig("arn:aws:eks:us-east-1:42:cluster/prod", "arn:aws:eks:eu-west-1:42:cluster/prod", "me@prod: x")
    )
    assert [one.name for one in clusters] == ["prod", "prod-2", "me-prod-x"]
    assert clusters[0].context == "arn:aws:eks:us-east-1:42:cluster/prod"


def test_two_contexts_of_one_cluster_make_one_entry_and_a_comment(written):
    text, clusters = written(all=kubeconfig(("admin", "https://one:6443"), ("viewer", "https://one:6443")))
    assert [one.name for one in clusters] == ["admin"]
    assert "# context viewer is left out: same cluster as admin" in text


def test_a_context_spread_over_several_files_uses_the_default_kubeconfig(written):
    contexts = "contexts:\n- {name: prod, context: {cluster: c-prod, user: me}}\n"
    _, clusters = written(contexts=contexts, rest=kubeconfig())
    assert [(one.context, one.kubeconfig_path) for one in clusters] == [("prod", None)]


def test_without_any_context_there_is_a_commented_example(written, tmp_path):
    for files in ({}, {"empty": ""}, {"odd": "contexts: 5\nclusters: [1, {name: 2}]\n"}):
        text, clusters = written(**files)
        assert clusters == ()
        assert "#   - name: us-east-prod" in text


def test_an_unreadable_kubeconfig_is_told_and_the_others_count(tmp_path):
    (tmp_path / "bad").write_text("a: b: c: s3cret")
    (tmp_path / "good").write_text(kubeconfig("prod"))
    found = read_kubeconfigs([tmp_path / "bad", tmp_path / "none", tmp_path / "good"])
    assert [one.name for one in found.contexts] == ["prod"]
    (trouble,) = found.trouble
    assert trouble.startswith(f"{tmp_path}/bad:1:5: not YAML")
    assert "s3cret" not in trouble


def test_it_looks_where_kubectl_looks():
    assert kubeconfig_paths({"HOME": "/home/me"}) == [Path("/home/me/.kube/config")]
    assert kubeconfig_paths({"HOME": "/home/me", "KUBECONFIG": "/a:/b::"}) == [Path("/a"), Path("/b")]


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1), st.booleans()), min_size=1, max_size=5))
def test_whatever_contexts_are_called_the_file_loads_and_means_them(tmp_path_factory, contexts):
    file = tmp_path_factory.mktemp("any") / "kronveil.yaml"
    made = [
        KubeContext(name, Path("/kube") / cluster_name(path), f"server-{number}", is_whole)
        for number, (name, path, is_whole) in enumerate(contexts)
    ]
    file.write_text(render(made, Path("/home/me")), encoding="utf-8", errors="surrogatepass")
    kubernetes = load(file, {"HOME": "/home/me"}).collectors.kubernetes
    assert kubernetes is not None
    assert [one.context for one in kubernetes.clusters] == [one.name for one in made]

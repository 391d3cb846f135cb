"""A kubeconfig is read into what a connection needs, or refused with what would be right."""

import base64
import json
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kronveil.collectors.kubernetes.kubeconfig import read_access
from kronveil.lab.server.tls import Authority
from kronveil.sdk.errors import Permanent

SECRET = "s3cr3t-of-the-file"
EXEC_V1 = "client.authentication.k8s.io/v1"


def write(
    path: Path, *, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **rest: Any
) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "east",
        "clusters": [{"name": "east-cluster", "cluster": cluster or {"server": "https://127.0.0.1:6443"}}],
        "users": [{"name": "viewer", "user": user or {"token": SECRET}}],
        "contexts": [
            {"name": "east", "context": {"cluster": "east-cluster", "user": "viewer"}},
            {"name": "west", "context": {"cluster": "east-cluster", "user": "viewer"}},
        ],
    }
    path.write_text(json.dumps(config | rest))
    return path


READ_BY_EIGHT = """
import sys, threading
from pathlib import Path
import ruamel.yaml  # its import is a lock, behind which the threads would queue
from kronveil.collectors.kubernetes.kubeconfig_file import read_files

sys.setswitchinterval(1e-7)
start = threading.Barrier(8)

def read():
    start.wait()
    read_files([Path(sys.argv[1])])

threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_the_files_of_many_clusters_are_read_at_once_at_the_first_use_in_a_process(tmp_path: Path) -> None:
    """Two threads that both were the first to use a type have crashed the agent at its start."""
    file = write(tmp_path / "config")
    for _ in range(6):
        done = subprocess.run([sys.executable, "-c", READ_BY_EIGHT, file], capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr


def test_a_context_is_the_named_one_or_the_current_one(tmp_path: Path) -> None:
    file = write(tmp_path / "config")
    assert read_access(file, "west").context == "west"
    access = read_access(file, None)
    assert (access.context, access.server) == ("east", "https://127.0.0.1:6443")
    assert access.token is not None
    assert access.token.reveal() == SECRET


def test_the_default_is_the_file_kubectl_uses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "second")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'first'}:{tmp_path / 'second'}")
    assert read_access(None, None).context == "east"
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Permanent, match=r"\.kube/config does not exist"):
        read_access(None, None)


def test_several_files_are_one_as_kubectl_merges_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "token").write_text(SECRET)
    users = [{"name": "viewer", "user": {"tokenFile": "token"}}]
    (tmp_path / "users" / "config").write_text(json.dumps({"users": users}))
    contexts = [{"name": "east", "context": {"cluster": "east-cluster", "user": "viewer"}}]
    (tmp_path / "first").write_text(json.dumps({"contexts": contexts, "current-context": "east"}))
    write(
        tmp_path / "last", cluster={"server": "https://last:1"}, user={"token": "loses"}, **{"current-context": "west"}
    )
    paths = [tmp_path / name for name in ("missing", "first", "users/config", "last")]
    monkeypatch.setenv("KUBECONFIG", ":".join(map(str, paths)))
    access = read_access(None, None)
    assert (access.context, access.server) == ("east", "https://last:1")
    assert access.token is not None
    assert access.token.reveal() == SECRET
    assert set(access.stamps) == {*paths, tmp_path / "users" / "token"}
    paths[0].write_text("{}")
    assert access.is_changed


def test_inside_a_cluster_the_service_account_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "ca.crt").write_bytes(Authority().certificate)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    access = read_access(None, None, service_account=tmp_path)
    assert (access.server, access.context) == ("https://[fd00::1]:6443", "service account")
    assert access.token is not None
    assert access.token.reveal() == SECRET
    assert len(access.tls.get_ca_certs()) == 1
    (tmp_path / "token").write_text("rotated")
    assert access.is_changed
    write(tmp_path / "config")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert read_access(None, None, service_account=tmp_path).context == "east"


def test_whom_to_act_as_and_the_way_there_are_read_and_hidden(tmp_path: Path) -> None:
    cluster = {"server": "https://h", "proxy-url": f"http://me:{SECRET}@proxy:3128", "tls-server-name": "inside"}
    user = {"token": SECRET, "as": "viewer", "as-groups": ["a", "b"], "as-uid": "7", "as-user-extra": {"why": ["x"]}}
    access = read_access(write(tmp_path / "config", cluster=cluster, user=user), None)
    assert access.impersonation == (
        ("impersonate-user", "viewer"),
        ("impersonate-group", "a"),
        ("impersonate-group", "b"),
        ("impersonate-uid", "7"),
        ("impersonate-extra-why", "x"),
    )
    assert access.server_name == "inside"
    assert access.proxy is not None
    assert SECRET not in repr(access)


def test_a_plugin_shows_neither_its_arguments_nor_its_environment(tmp_path: Path) -> None:
    config = {
        "command": "bin/login",
        "apiVersion": EXEC_V1,
        "args": ["--key", SECRET],
        "env": [{"name": "KEY", "value": SECRET}],
        "provideClusterInfo": True,
    }
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": SECRET}}
    cluster = {"server": "https://h", "extensions": [extension]}
    access = read_access(write(tmp_path / "config", cluster=cluster, user={"exec": config}), None)
    assert access.plugin is not None
    assert access.plugin.command == str(tmp_path / "bin" / "login")
    assert access.plugin.cluster == {"server": "https://h", "config": {"audience": SECRET}}
    assert SECRET not in repr(access)


def test_a_token_file_beside_the_kubeconfig_is_read_and_watched(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    access = read_access(write(tmp_path / "config", user={"tokenFile": "token"}), None)
    assert access.token is not None
    assert access.token.reveal() == SECRET
    assert not access.is_changed
    (tmp_path / "token").write_text("another-token\n")
    assert access.is_changed


@pytest.mark.parametrize("as_data", [True, False])
def test_a_client_certificate_and_an_authority_come_as_data_or_as_files(tmp_path: Path, *, as_data: bool) -> None:
    authority = Authority()
    pair = authority.client("viewer")
    parts = (
        {"certificate-authority": authority.certificate},
        {
            "client-certificate": pair.certificate,
            "client-key": pair.key,
        },
    )
    cluster, user = (
        {f"{name}-data": base64.b64encode(text).decode() for name, text in part.items()}
        if as_data
        else {name: _file(tmp_path / name, text) for name, text in part.items()}
        for part in parts
    )
    access = read_access(
        write(tmp_path / "config", cluster={"server": "https://127.0.0.1:6443", **cluster}, user=user), None
    )
    assert access.token is None
    assert access.tls.verify_mode is ssl.CERT_REQUIRED
    assert len(access.tls.get_ca_certs()) == 1
    assert len(access.stamps) == (1 if as_data else 4)


def _file(path: Path, text: bytes) -> str:
    path.write_bytes(text)
    return path.name


def test_an_insecure_cluster_is_taken_at_its_word(tmp_path: Path) -> None:
    cluster = {"server": "https://127.0.0.1:6443", "insecure-skip-tls-verify": True}
    assert read_access(write(tmp_path / "config", cluster=cluster), None).tls.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(
    ("changes", "context", "words"),
    [
        ({}, "north", "has no context 'north'. It has: east, west"),
        ({"current-context": ""}, None, "has no current-context. Set context to one of: east, west"),
        ({"users": []}, None, "context 'east' of FILE names the user 'viewer', which the file does not have"),
        ({"clusters": []}, None, "names the cluster 'east-cluster', which the file does not have"),
        ({"contexts": None}, None, "has no context 'east'. It has: none"),
        ({"contexts": [{"name": "east"}]}, None, "is not one: it needs clusters, contexts and users"),
        (
            {"user": {"exec": {"command": "aws", "apiVersion": "v1alpha1"}}},
            None,
            "its exec plugin aws speaks 'v1alpha1'",
        ),
        (
            {"user": {"exec": {"command": "aws", "apiVersion": EXEC_V1, "interactiveMode": "Always"}}},
            None,
            "asks a person",
        ),
        ({"user": {"auth-provider": {"name": "gcp"}}}, None, "Use an exec plugin"),
        ({"user": {"token": "t", "as-groups": ["admins"]}}, None, "need as: the user to act as"),
        (
            {"cluster": {"server": "https://h", "proxy-url": "ftp://u:p4ss@h:1"}},
            None,
            "Write http:// or socks5://host:port",
        ),
        ({"user": {"tokenFile": "missing"}}, None, "names the file"),
        (
            {"user": {"client-certificate-data": "bm8=", "client-key-data": "bm8="}},
            None,
            "certificates cannot be loaded",
        ),
        (
            {"user": {"client-certificate-data": "%%%", "client-key-data": "bm8="}},
            None,
            "certificates cannot be loaded",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_what_is_there(
    tmp_path: Path, changes: dict[str, Any], context: str | None, words: str
) -> None:
    file = write(tmp_path / "config", **changes)
    with pytest.raises(Permanent) as refused:
        read_access(file, context)
    assert words.replace("FILE", str(file)) in str(refused.value)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"users:\n  - token: {SECRET}\n   name: [", "config:3:4 is not valid YAML"),
        (f"token: {SECRET}\ntoken: {SECRET}", "is not valid YAML"),
        ("just words", "is not one"),
        ("", "is not one"),
        ("clusters: 7", "is not one"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_refused_without_quoting_it(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(Permanent) as refused:
        read_access(file, None)
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Permanent, match="cannot be read: it is not a text file"):
        read_access(tmp_path / "config", None)


def test_access_shows_no_secret(tmp_path: Path) -> None:
    assert SECRET not in repr(read_access(write(tmp_path / "config"), None))

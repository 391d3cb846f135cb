"""A kubeconfig is read into what a connection needs, or refused with what would be right."""

import base64
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from kronveil.collectors.kubernetes.kubeconfig import read_access
from kronveil.lab.server.tls import Authority
from kronveil.sdk.errors import Permanent

SECRET = "s3cr3t-of-the-file"


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
        ({"contexts": None}, None, "is not one: it needs clusters, contexts and users"),
        (
            {"user": {"exec": {"apiVersion": "v1", "command": "aws"}}},
            None,
            "exec plugins (aws) are not in this version",
        ),
        ({"user": {"auth-provider": {"name": "gcp"}}}, None, "auth providers are not in this version yet"),
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

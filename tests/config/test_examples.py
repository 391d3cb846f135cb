"""The files in examples/ and the pieces of the reference page are what people copy: they must load."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from kronveil.config import load
from kronveil.config.reference import example, keys, page
from kronveil.config.sections import Sections
from kronveil.config.settings import plain
from kronveil.config.shape import shape_of

ROOT = Path(__file__).parents[2]
ENVIRON = {"HOME": "/home/me", "GITHUB_TOKEN": "t0ken"}
REQUIRED = {
    "clusters[]": {"name": "x"},
    "targets[]": {"name": "x", "url": "y"},
    "custom_resources[]": {"group": "example.com", "resource": "things", "kind": "Thing"},
    "conditions[]": {"type": "Ready"},
    "webhook": {"url": "https://hooks.example.com"},
    "hosts[]": {"host": "ci.example.com"},
    "scripts[]": {"name": "x", "path": "/x", "sha256": "abc"},
    "github": {"token": "abc"},
    "freezes[]": {"name": "x", "begins": "2026-12-20T00:00:00Z", "ends": "2027-01-04T00:00:00Z"},
}
KEYS = dict(keys(shape_of(Sections)))


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda file: file.name)
def test_every_example_loads(file):
    load(file, ENVIRON)


def test_the_posts_clusters_load_unchanged():
    kubernetes = load(ROOT / "examples" / "multi-cluster.yaml", ENVIRON).collectors.kubernetes
    assert kubernetes is not None
    first = kubernetes.clusters[0]
    assert (first.name, first.context) == ("us-east-prod", "us-east-prod")
    assert first.kubeconfig_path == Path("/etc/kronveil/kubeconfigs/us-east.yaml")
    assert first.namespaces == ("default", "payments")
    assert first.poll_interval == timedelta(seconds=15)


def test_the_posts_pipelines_load_unchanged():
    config = load(ROOT / "examples" / "github-actions.yaml", ENVIRON)
    assert config.collectors.cicd is not None
    assert config.collectors.cicd.github_token is not None
    assert config.collectors.cicd.github_token.reveal() == "t0ken"
    assert config.collectors.cicd.repo_filters == ("my-org/api", "my-org/web-*")
    assert config.collectors.cicd.poll_interval == timedelta(seconds=60)
    assert config.not_built == ("cicd",)


def test_the_example_of_everything_holds_the_defaults():
    config = load(ROOT / "examples" / "everything.yaml", ENVIRON)
    default = load(None, ENVIRON)
    for section in ("agent", "listen", "api", "incidents", "store", "bus"):
        assert getattr(config, section) == getattr(default, section)


def test_the_reference_page_is_fresh():
    committed = (ROOT / "docs" / "reference" / "configuration.md").read_text(encoding="utf-8")
    assert committed == page(), "run: python -m kronveil.config.reference docs/reference/configuration.md"


def test_every_key_is_on_the_reference_page_with_its_default():
    text = page()
    for key, member in KEYS.items():
        assert f"`{key}`" in text or f"## {key}\n" in text, key
        default = plain(member.default) if not member.is_required else None
        if isinstance(default, str) and key != "agent.data_dir":
            (row,) = re.findall(rf"^\| `{re.escape(key)}` \|.*$", text, re.MULTILINE)
            assert f"| `{default}` |" in row


@pytest.mark.parametrize("key", [key for key, member in KEYS.items() if example(key, member) is not None])
def test_the_example_of_every_key_is_valid(loads, tmp_path, key):
    (tmp_path / "token").write_text("t0ken")
    text = str(example(key, KEYS[key])).replace("${file:/run/secrets/token}", "'${file:token}'")
    *outer, last = key.split(".")
    text = f"{{{last}: {text}}}"
    for part in reversed(outer):
        others = REQUIRED.get(part, {})
        required = "".join(f", {name}: {value}" for name, value in others.items() if f"{{{name}: " not in text)
        text = f"{text.removesuffix('}')}{required}}}" if required else text
        text = f"{{{part.removesuffix('[]')}: [{text}]}}" if part.endswith("[]") else f"{{{part}: {text}}}"
    loads(text)

"""Writes a commented kronveil.yaml from the contexts of the user's kubeconfig; read-only by default."""

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from kronveil.config.kubeconfig import KubeContext, read_kubeconfigs

_HEAD = """\
# Kronveil. Check this file with: kronveil check   Start with: kronveil up
# Everything left out has its default. Every key is explained in docs/reference/configuration.md.
# A text may hold ${env:NAME} or ${file:PATH}; KRONVEIL__AGENT__LOG_LEVEL=debug overrides agent.log_level.

agent:
  name: kronveil
  # log_level: info            # debug, info, warning, error
  # data_dir: ~/.local/state/kronveil

listen:
  host: 127.0.0.1              # off loopback every call needs a token
  api: 8080                    # REST, WebSocket and console; null is off, 0 lets the kernel choose
  dashboard: 3000

collectors:
  kubernetes:
    poll_interval: 15s         # how often a light probe proves that a cluster answers
    stale_after: 60s           # silence after which its numbers count as stale
    unreachable_after: 3m      # silence after which it counts as unreachable
"""
_NO_CONTEXT = """\
    # No kubeconfig with contexts was found. Name your clusters here, like this:
    # clusters:
    #   - name: us-east-prod
    #     kubeconfig_path: ~/.kube/us-east-prod.yaml
    #     context: us-east-prod
    #     namespaces: []       # empty: all of them
    clusters: []
"""
_ALSO = (
    "        # namespaces: []       # empty: all of them",
    "        # region: us-east-1    # else the topology label of the nodes",
)
_TAIL = """\

# GitHub Actions, once this version has it:
#   cicd:                      # below collectors
#     github_token: ${env:GITHUB_TOKEN}
#     repo_filters: [my-org/*]
#     poll_interval: 60s

incidents:
  resolve_after: 60s           # how long symptoms must stay away before an incident resolves
  reopen_within: 15m
"""


def commented_config(kubeconfig_paths: Iterable[Path], home: Path | None = None) -> str:
    """Give the text of a configuration that watches every cluster of these kubeconfigs and loads without problems.

    Paths below ``home`` are written with ``~``. Two contexts of one cluster make one entry and a comment.
    """
    return render(read_kubeconfigs(kubeconfig_paths).contexts, home)


def render(contexts: Sequence[KubeContext], home: Path | None = None) -> str:
    """Give the text for these contexts."""
    if not contexts:
        return _HEAD + _NO_CONTEXT + _TAIL
    lines = ["    clusters:                  # Kronveil only reads: it needs get, list and watch"]
    taken: dict[str, str] = {}
    seen: dict[str, str] = {}
    for context in contexts:
        if context.server in seen:
            lines.append(
                f"      # context {_in_comment(context.name)} is left out: same cluster as {seen[context.server]}"
            )
            continue
        name = _unique(cluster_name(context.name), taken)
        seen[context.server] = name
        lines += _entry(name, context, home)
        if len(seen) == 1:
            lines += _ALSO
    return _HEAD + "\n".join(lines) + "\n" + _TAIL


def cluster_name(context: str) -> str:
    """Make a short cluster name of a context's: ``prod`` of ``arn:aws:eks:us-east-1:42:cluster/prod``."""
    last = context.rstrip("/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-.")[:100] or "cluster"


def _entry(name: str, context: KubeContext, home: Path | None) -> list[str]:
    lines = [f"      - name: {_text(name)}"]
    if context.is_whole:
        lines.append(f"        kubeconfig_path: {_text(_short(context.path.absolute(), home))}")
    return [*lines, f"        context: {_text(context.name)}"]


def _unique(name: str, taken: dict[str, str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken[candidate] = candidate
    return candidate


def _short(path: Path, home: Path | None) -> str:
    if home is not None and path.is_relative_to(home) and path != home:
        return f"~/{path.relative_to(home)}"
    return str(path)


def _text(text: str) -> str:
    """Write a text so that YAML reads it back as it is, plain where that is safe."""
    if re.fullmatch(r"(~/|/)?[A-Za-z][A-Za-z0-9._/-]*", text) and text.lower() not in ("null", "true", "false"):
        return text
    quoted = json.dumps(text.replace("${", "$${"), ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in quoted)


def _in_comment(text: str) -> str:
    return text if text.isprintable() else json.dumps(text)

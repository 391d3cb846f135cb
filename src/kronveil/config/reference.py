"""Writes the reference page of the configuration. ``python -m kronveil.config.reference PATH`` writes it."""

import sys
from collections.abc import Iterator
from pathlib import Path

from kronveil.config.later import NOT_BUILT_COLLECTORS, NOT_BUILT_NOTIFIERS, NOT_BUILT_SECTIONS
from kronveil.config.meanings import MEANINGS
from kronveil.config.sections import Sections
from kronveil.config.settings import plain
from kronveil.config.shape import Member, Shape, shape_of

_HEAD = Path(__file__).with_name("reference_head.md")
# An example for each kind of value, and for the keys where that would say too little.
_BY_KIND = {
    "duration": "90s",
    "rate": "3/1h",
    "path": "~/kronveil/rules",
    "secret": "${file:/run/secrets/token}",
    "number": "2.5",
    "flag": "true",
}


def _custom_resources(section: str) -> dict[str, str]:
    at = f"{section}.custom_resources[]"
    return {
        f"{at}.group": "postgresql.cnpg.io",
        f"{at}.resource": "clusters",
        f"{at}.kind": "Cluster",
        f"{at}.version": "v1",
        f"{at}.namespaced": "false",
        f"{at}.conditions[].type": "Ready",
        f"{at}.conditions[].bad": '["False", "Unknown"]',
        f"{at}.conditions[].after": "2m",
        f"{at}.conditions[].symptom": "resource.database_down",
        f"{at}.conditions[].severity": "high",
    }


_BY_KEY = {
    "agent.name": "kronveil-eu",
    "agent.data_dir": "/var/lib/kronveil",
    "listen.host": "127.0.0.1",
    "api.allowed_hosts": "[kronveil.example.com]",
    "api.allowed_origins": "[https://kronveil.example.com]",
    "api.trusted_proxies": "[10.0.0.7]",
    "collectors.kubernetes.clusters[].name": "us-east-prod",
    "collectors.kubernetes.clusters[].kubeconfig_path": "~/.kube/us-east-prod.yaml",
    "collectors.kubernetes.clusters[].context": "us-east-prod",
    "collectors.kubernetes.clusters[].namespaces": "[payments, checkout]",
    "collectors.kubernetes.clusters[].poll_interval": "15s",
    "collectors.kubernetes.clusters[].region": "us-east-1",
    "collectors.kubernetes.clusters[].kinds": "[statefulsets, daemonsets, jobs, cronjobs]",
    "collectors.kubernetes.clusters[].config_changes": "true",
    "collectors.kubernetes.clusters[].streaming_lists": "false",
    "collectors.kubernetes.clusters[].metrics": "false",
    "collectors.kubernetes.clusters[].kubelet_summary": "true",
    "collectors.kubernetes.clusters[].metrics_interval": "30s",
    **_custom_resources("collectors.kubernetes"),
    **_custom_resources("collectors.kubernetes.clusters[]"),
    "collectors.kubernetes.clusters[].write.kubeconfig_path": "~/.kube/us-east-prod-write.yaml",
    "collectors.kubernetes.clusters[].write.context": "us-east-prod-write",
    "collectors.kubernetes.poll_interval": "15s",
    "collectors.kubernetes.metrics_interval": "30s",
    "collectors.kubernetes.unreachable_after": "5m",
    "collectors.kafka.bootstrap_servers": "[broker-1:9092, broker-2:9092]",
    "collectors.kafka.topics": "[orders]",
    "collectors.kafka.consumer_groups": "[billing]",
    "collectors.kafka.username": "kronveil",
    "collectors.cicd.repo_filters": "[my-org/*]",
    "collectors.logs.paths": "[/var/log/app/*.log]",
    "collectors.aws.regions": "[us-east-1]",
    "collectors.azure.subscription_ids": "[00000000-0000-0000-0000-000000000000]",
    "collectors.gcp.project_ids": "[my-project]",
    "collectors.vault.address": "https://vault.example.com:8200",
    "collectors.vault.mounts": "[secret]",
    "collectors.http_check.targets[].name": "shop",
    "collectors.http_check.targets[].url": "https://shop.example.com/health",
    "runbooks.hosts[].host": "ci.example.com",
    "runbooks.hosts[].methods": "[GET, POST]",
    "runbooks.scripts[].name": "rotate-logs",
    "runbooks.scripts[].path": "/opt/runbooks/rotate-logs",
    "runbooks.scripts[].sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "runbooks.scripts[].user": "nobody",
    "runbooks.github.repositories": "[my-org/deployments]",
    "runbooks.github.api_url": "https://api.github.com",
    "policy.opa": "http://127.0.0.1:8181",
    "policy.time_zone": "Europe/Berlin",
    "policy.freezes[].name": "turn of the year",
    "policy.freezes[].begins": "2026-12-20T00:00:00Z",
    "policy.freezes[].ends": "2027-01-04T00:00:00Z",
    "policy.freezes[].only_clusters": "[prod-*]",
    "policy.business_hours.days": "[monday, tuesday, wednesday, thursday]",
    "policy.business_hours.opens": "'08:00'",
    "policy.business_hours.closes": "'18:00'",
    "notifiers.slack.channel": "'#incidents'",
    "secrets.vault.address": "https://vault.example.com:8200",
    "explain.model": "name-of-the-model",
    "explain.region": "us-east-1",
    "telemetry.otlp_endpoint": "http://127.0.0.1:4317",
    "store.event_retention": "30d",
    "store.incident_retention": "365d",
    "store.signal_retention": "48h",
    "store.signal_max_mib": "4096",
    "store.audit_retention": "1000d",
}


def page() -> str:
    """Give the page as Markdown: the head as written by hand, then a table for each section."""
    root = shape_of(Sections)
    parts = [_HEAD.read_text(encoding="utf-8").rstrip()]
    for name, member in root.fields.items():
        parts.append(_section(name, member.shape))
    return "\n\n".join(parts) + "\n"


def keys(shape: Shape, key: str = "") -> Iterator[tuple[str, Member]]:
    """Give every key below a section with its dotted name; ``[]`` stands for any entry of a list."""
    for name, member in shape.fields.items():
        at = f"{key}.{name}".lstrip(".")
        yield at, member
        inner = member.shape
        if inner.kind == "list" and inner.item and inner.item.kind == "section":
            yield from keys(inner.item, f"{at}[]")
        else:
            yield from keys(inner, at)


def _section(name: str, shape: Shape) -> str:
    later = "\n\nNot in this version yet: checked, not acted on." if name in NOT_BUILT_SECTIONS else ""
    rows = "\n".join(_row(at, member) for at, member in keys(shape, name))
    head = "| key | meaning | default | example |\n|---|---|---|---|"
    return f"## {name}\n\n{MEANINGS[name]}{later}\n\n{head}\n{rows}"


def _row(at: str, member: Member) -> str:
    meaning = MEANINGS[at]
    if at.removeprefix("collectors.") in NOT_BUILT_COLLECTORS or at.removeprefix("notifiers.") in NOT_BUILT_NOTIFIERS:
        meaning += " **Not in this version yet.**"
    return f"| `{at}` | {meaning} | {_default(at, member)} | {_written(at, member)} |"


def _default(at: str, member: Member) -> str:
    if member.is_required:
        return "required"
    if at == "agent.data_dir":
        return "`$XDG_STATE_HOME/kronveil`, else `~/.local/state/kronveil`"
    if member.shape.kind == "section":
        return "off" if member.shape.is_optional else ""
    value = plain(member.default)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value is None else f"`{value}`"


def example(at: str, member: Member) -> str | None:
    """Give what could be written for this key, or None where keys or entries of its own stand below it."""
    shape = member.shape
    if shape.kind == "section" or (shape.item and shape.item.kind == "section"):
        return None
    if at in _BY_KEY:
        return _BY_KEY[at]
    if shape.kind == "choice":
        return shape.choices[-1]
    return str(member.default) if shape.kind == "integer" else _BY_KIND[shape.kind]


def _written(at: str, member: Member) -> str:
    text = example(at, member)
    if text is None:
        return "entries with `- `" if member.shape.kind == "list" else "keys below it"
    return f"`{text}`" + (f" ({', '.join(member.shape.choices)})" if member.shape.choices else "")


def main(arguments: list[str]) -> int:
    """Write the page to the one path given."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m kronveil.config.reference PATH\n")
        return 2
    Path(arguments[0]).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

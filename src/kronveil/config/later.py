"""Sections whose feature this version does not have yet. They are checked as strictly as the others, and reported.

When a feature is built, its section moves to the part that owns it, as the Kubernetes one did.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from kronveil.sdk.secret import Secret

# The sections of the file that this version reads but does not act on.
NOT_BUILT_SECTIONS = ("signals", "secrets", "explain", "telemetry")
NOT_BUILT_NOTIFIERS = ("slack", "pagerduty")
NOT_BUILT_COLLECTORS = ("kafka", "cicd", "logs", "aws", "azure", "gcp", "vault", "otlp", "http_check")


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConfig:
    """A Kafka cluster: empty ``topics`` and ``consumer_groups`` mean all of them."""

    bootstrap_servers: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    consumer_groups: tuple[str, ...] = ()
    username: str | None = None
    password: Secret | None = None
    poll_interval: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class CicdConfig:
    """GitHub Actions runs of the repositories that match ``repo_filters`` (``owner/name``, ``*`` allowed)."""

    github_token: Secret | None = None
    repo_filters: tuple[str, ...] = ()
    poll_interval: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsConfig:
    """Log files to follow; ``*`` allowed."""

    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsConfig:
    """CloudWatch and inventory of these regions."""

    regions: tuple[str, ...] = ()
    poll_interval: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureConfig:
    """Azure Monitor and inventory of these subscriptions."""

    subscription_ids: tuple[str, ...] = ()
    poll_interval: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpConfig:
    """Cloud Monitoring and inventory of these projects."""

    project_ids: tuple[str, ...] = ()
    poll_interval: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConfig:
    """Ages of the secrets in these KV v2 mounts; values are never read."""

    address: str | None = None
    token: Secret | None = None
    mounts: tuple[str, ...] = ()
    poll_interval: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpConfig:
    """OTLP intake on ``listen.otlp_grpc`` and ``listen.otlp_http``."""

    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTarget:
    """One address to ask."""

    name: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpCheckConfig:
    """HTTP addresses that must answer."""

    targets: tuple[HttpTarget, ...] = ()
    poll_interval: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsConfig:
    """Judgement of measured series."""

    sensitivity: Literal["low", "medium", "high"] = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackConfig:
    """One message for each incident in this channel."""

    bot_token: Secret | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyConfig:
    """One page for each incident."""

    routing_key: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultSecretsConfig:
    """The Vault that ``${vault:...}`` will ask."""

    address: str | None = None
    token: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsConfig:
    """Where references to secrets are looked up, beside the environment and files."""

    vault: VaultSecretsConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainConfig:
    """An optional model that words explanations; without a provider nothing is sent anywhere."""

    provider: Literal["bedrock", "openai", "anthropic"] | None = None
    model: str | None = None
    region: str | None = None
    api_key: Secret | None = None
    daily_budget_usd: Annotated[float, Field(ge=0)] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryConfig:
    """Where the agent's own traces and metrics are sent; without an address, nowhere."""

    otlp_endpoint: str | None = None

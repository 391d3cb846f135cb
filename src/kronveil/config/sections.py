"""The configuration's own sections and their defaults. A part's section is the config type that the part owns."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from kronveil.collectors.kubernetes.config import KubernetesConfig
from kronveil.config.durations import Rate
from kronveil.config.later import (
    AwsConfig,
    AzureConfig,
    CicdConfig,
    ExplainConfig,
    GcpConfig,
    HttpCheckConfig,
    KafkaConfig,
    LogsConfig,
    OtlpConfig,
    PagerDutyConfig,
    SecretsConfig,
    SignalsConfig,
    SlackConfig,
    TelemetryConfig,
    VaultConfig,
)
from kronveil.config.places import state_folder
from kronveil.config.policy_section import PolicyConfig
from kronveil.notifiers.log import LogConfig
from kronveil.notifiers.webhook import WebhookConfig
from kronveil.sdk.outside import AllowedHost, AllowedRepositories, AllowedScript
from kronveil.sdk.secret import Secret

_THREE_AN_HOUR = Rate(3, timedelta(hours=1))
_THIRTY_IN_TEN_MINUTES = Rate(30, timedelta(minutes=10))
Port = Annotated[int | None, Field(ge=0, le=65535)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """The agent itself: its name, where it keeps what it knows, and how it logs."""

    name: str = "kronveil"
    data_dir: Path = field(default_factory=state_folder)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "text"] = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenConfig:
    """Where it listens. ``None`` is off, 0 lets the kernel choose."""

    host: str = "127.0.0.1"
    api: Port = 8080
    dashboard: Port = 3000
    grpc: Port = 9091
    otlp_grpc: Port = 4317
    otlp_http: Port = 4318
    prometheus: Port = 8889
    health: Port = 13133
    debug: Port = 55679


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """Who may call."""

    auth: Literal["auto", "required"] = "auto"
    bootstrap_token: Secret | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    test_injection: bool = False
    trusted_proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorsConfig:
    """What is watched. A collector without a section is off."""

    kubernetes: KubernetesConfig | None = None
    kafka: KafkaConfig | None = None
    cicd: CicdConfig | None = None
    logs: LogsConfig | None = None
    aws: AwsConfig | None = None
    azure: AzureConfig | None = None
    gcp: GcpConfig | None = None
    vault: VaultConfig | None = None
    otlp: OtlpConfig | None = None
    http_check: HttpCheckConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentsConfig:
    """How long a symptom must stay away before its incident resolves, and how long it may still reopen."""

    resolve_after: timedelta = timedelta(seconds=60)
    reopen_within: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunbooksConfig:
    """What runbooks may do, how often, where the operator's own ones are, and what they may reach beside clusters."""

    live: bool = False
    auto_execute: bool = True
    settle: timedelta = timedelta(minutes=2)
    approval_expires: timedelta = timedelta(minutes=30)
    max_actions_per_target: Rate = _THREE_AN_HOUR
    fleet_budget: Rate = _THIRTY_IN_TEN_MINUTES
    cooldown: timedelta = timedelta()
    directory: Path | None = None
    hosts: tuple[AllowedHost, ...] = ()
    scripts: tuple[AllowedScript, ...] = ()
    github: AllowedRepositories | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifiersConfig:
    """Who is told. A notifier without a section is off."""

    slack: SlackConfig | None = None
    pagerduty: PagerDutyConfig | None = None
    webhook: WebhookConfig | None = None
    log: LogConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreConfig:
    """The embedded store in ``agent.data_dir``: how long events are kept, incidents that are over, measured values and
    the audit, and how large the file of measured values may become."""

    event_retention: timedelta = timedelta(days=7)
    incident_retention: timedelta = timedelta(days=90)
    signal_retention: timedelta = timedelta(hours=24)
    audit_retention: timedelta = timedelta(days=400)
    signal_max_mib: Annotated[int, Field(ge=16, le=1_048_576)] = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class BusConfig:
    """What carries events inside the agent."""

    kind: Literal["memory", "kafka"] = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sections:
    """Everything that the file may hold; what the JSON Schema describes."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    agent: AgentConfig = field(default_factory=AgentConfig)
    listen: ListenConfig = field(default_factory=ListenConfig)
    api: ApiConfig = field(default_factory=ApiConfig)
    collectors: CollectorsConfig = field(default_factory=CollectorsConfig)
    signals: SignalsConfig = field(default_factory=SignalsConfig)
    incidents: IncidentsConfig = field(default_factory=IncidentsConfig)
    runbooks: RunbooksConfig = field(default_factory=RunbooksConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    notifiers: NotifiersConfig = field(default_factory=NotifiersConfig)
    secrets: SecretsConfig = field(default_factory=SecretsConfig)
    explain: ExplainConfig = field(default_factory=ExplainConfig)
    telemetry: TelemetryConfig = field(default_factory=TelemetryConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    bus: BusConfig = field(default_factory=BusConfig)

"""The only place that builds things and joins them: configuration in, a running agent behind two ports out."""

import contextlib
import gc
import json
import signal
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_hex

import anyio
import structlog

from kronveil import logs
from kronveil.actions import BUILT_IN
from kronveil.additions import KeptAdditions, KeptPauses
from kronveil.agent.agent import Agent, Brain
from kronveil.agent.desk import Setting
from kronveil.agent.live import Live
from kronveil.agent.repertoire import Repertoire
from kronveil.agent.retention import Keep
from kronveil.agent.roster import ClusterPlan
from kronveil.api import ApiOptions, create_app
from kronveil.api.encode import encode_item
from kronveil.api.metrics import create_metrics_app
from kronveil.api.options import NamedNotifier
from kronveil.api.probes import create_probe_app
from kronveil.api.serve import Listener, open_listeners, serving
from kronveil.api.token_watch import watch_tokens
from kronveil.api.tokens import TokenFile
from kronveil.collectors.kubernetes import component as kubernetes
from kronveil.collectors.kubernetes.config import ClusterConfig, KubernetesConfig
from kronveil.collectors.kubernetes.doors import KubernetesDoors
from kronveil.config import Config
from kronveil.config.policy_section import calendar_of
from kronveil.config.runbook_actions import known_actions
from kronveil.config.runbook_files import load_runbooks
from kronveil.config.settings import effective
from kronveil.kill_switch import KillSwitch
from kronveil.logic import fleet
from kronveil.logic.lifecycle import Refusal
from kronveil.logic.liveness import Liveness
from kronveil.logic.response import Bounds
from kronveil.logic.suppression import preview
from kronveil.logic.triage import Rules, Triage
from kronveil.notifiers import BUILT_IN as NOTIFIERS
from kronveil.notifiers.broken import Broken
from kronveil.policies.opa import open_opa
from kronveil.policies.rego import open_rego
from kronveil.policies.texts import chosen
from kronveil.reloading import Reloader, Takeover
from kronveil.sdk.actions import Means
from kronveil.sdk.errors import PluginError
from kronveil.sdk.notifiers import Notifier
from kronveil.sdk.outside import Outside
from kronveil.sdk.policy import PolicyEngine
from kronveil.sdk.signals import SignalStore
from kronveil.sdk.storage import Store
from kronveil.stores.sqlite import open_sqlite
from kronveil.stores.sqlite.signals import open_signals

CONSOLE = Path(__file__).parent / "api" / "console"
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
WAY_OUT = "Choose another in the configuration (listen: {api: 8081}), or 0 to let the kernel choose, or null for off."
Announce = Callable[[Sequence[Listener]], None]
log = structlog.get_logger()


def utc_now() -> datetime:
    """The one clock that the agent is given."""
    return datetime.now(UTC)


async def run(config: Config, *, announce: Announce, is_simulated: bool = False, way_out: str = WAY_OUT) -> None:
    """Run the agent until SIGINT or SIGTERM. Raises ConfigError or PluginError when it cannot start."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        async with _joined(config, is_simulated=is_simulated, way_out=way_out) as (listeners, reloader):
            # Only here: within a larger program, a collection of all it holds could take seconds.
            calm_the_collector()
            announce(listeners)
            async for received in signals:
                if received is not signal.SIGHUP:
                    log.info("agent.stopping", signal=received.name)
                    return
                reloader.reload()


@contextlib.asynccontextmanager
async def running(
    config: Config, *, is_simulated: bool = False, way_out: str = WAY_OUT
) -> AsyncGenerator[Sequence[Listener]]:
    """A running agent with its ports open, for as long as the block is entered."""
    async with _joined(config, is_simulated=is_simulated, way_out=way_out) as (listeners, _):
        yield listeners


@contextlib.asynccontextmanager
async def _joined(
    config: Config, *, is_simulated: bool, way_out: str
) -> AsyncGenerator[tuple[Sequence[Listener], Reloader]]:
    options = _api_options(config)
    options.check()
    ports = {
        "api": config.listen.api,
        "dashboard": config.listen.dashboard,
        "prometheus": config.listen.prometheus,
        "health": config.listen.health,
    }
    async with contextlib.AsyncExitStack() as opened:
        store = await opened.enter_async_context(open_sqlite(config.agent.data_dir))
        notifiers = await _notifiers(config, opened)
        listeners = opened.enter_context(open_listeners(config.listen.host, ports, way_out=way_out))
        signals = await _signals(config, opened)
        engine = await _policy(config, opened)
        repertoire = _repertoire(config, notifiers, engine)
        triage, agent = await _agent(config, store, signals, repertoire, is_simulated=is_simulated)
        # All slow building comes before the agent runs: what blocks the loop then looks like a silent fleet.
        inject = agent.inject if config.api.test_injection else None
        console = create_app(agent, replace(options, notifiers=notifiers, inject=inject))
        apps = {
            "api": console,
            "dashboard": console,
            "prometheus": create_metrics_app(agent),
            "health": create_probe_app(agent),
        }
        await opened.enter_async_context(agent.running())
        await opened.enter_async_context(serving(apps, listeners, beside=console.stream, on_stop=console.end_streams))
        opened.enter_context(_ports_file(config, listeners))
        reloader = Reloader(config, _takeover(config, agent, triage))
        tasks = await opened.enter_async_context(anyio.create_task_group())
        opened.callback(tasks.cancel_scope.cancel)
        tasks.start_soon(reloader.follow)
        if options.tokens is not None:
            tasks.start_soon(watch_tokens, options.tokens, agent.audit)
        log.info("agent.ready", **{each.name: each.url for each in listeners})
        yield listeners, reloader


def _takeover(started: Config, agent: Agent, triage: Triage) -> Takeover:
    """What of a changed configuration takes effect while the agent runs: log, clusters, times and retention."""
    logging = started.agent.log_level, started.agent.log_format

    def apply(config: Config) -> None:
        nonlocal logging
        # First what may fail: then nothing has changed yet.
        clusters = _all_clusters(config)
        if (wanted := (config.agent.log_level, config.agent.log_format)) != logging:
            logs.set_up(*wanted)
            logging = wanted
        triage.adopt(_rules(config))
        agent.retain(_keep(config))
        added, changed, removed = agent.replace_clusters(clusters)
        agent.configured(_settings(config))
        log.info("clusters.replaced", added=added, changed=changed, removed=removed)

    return Takeover(apply, agent.not_configured)


def _keep(config: Config) -> Keep:
    store = config.store
    return Keep(store.event_retention, store.incident_retention, store.signal_retention, store.audit_retention)


def _rules(config: Config) -> Rules:
    return Rules(resolve_after=config.incidents.resolve_after, reopen_within=config.incidents.reopen_within)


def _settings(config: Config) -> list[Setting]:
    return [Setting(each.key, each.value, each.default, each.source) for each in effective(config)]


async def _signals(config: Config, opened: contextlib.AsyncExitStack) -> SignalStore | None:
    """The file of measured values; without it the agent watches on."""
    try:
        return await opened.enter_async_context(
            open_signals(config.agent.data_dir, largest=config.store.signal_max_mib * 2**20)
        )
    except PluginError as error:
        log.warning("signals.not_kept", error=str(error))
        return None


async def _agent(
    config: Config,
    store: Store,
    signals: SignalStore | None,
    repertoire: Repertoire,
    *,
    is_simulated: bool,
) -> tuple[Triage, Agent]:
    """The agent with what it knew at its last stop; not running yet."""
    rules = _rules(config)
    restored = await store.restore(utc_now() - rules.memory)
    triage = Triage(
        rules,
        restored.incidents,
        restored.cluster_heard,
        changes=restored.changes,
        silences=restored.silences,
    )
    agent = Agent(
        clusters=_all_clusters(config),
        additions=_additions(config),
        pauses=KeptPauses(config.agent.data_dir),
        brain=Brain(
            judge=triage,
            refusal=Refusal,
            judgement=Liveness(),
            total=fleet.total,
            hushed=preview,
        ),
        restored=restored,
        store=store,
        live=Live(token_hex(8), encode_item),
        clock=utc_now,
        settings=_settings(config),
        repertoire=repertoire,
        is_simulated=is_simulated,
        keep=_keep(config),
        signals=signals,
    )
    return triage, agent


async def _policy(config: Config, opened: contextlib.AsyncExitStack) -> PolicyEngine:
    """Who evaluates policies: the operator's OPA, or this agent. Raises ConfigError for rules that are none."""
    told = config.policy
    if told.opa is not None:
        return await opened.enter_async_context(open_opa(told.opa, told.deadline))
    return await opened.enter_async_context(open_rego(chosen(told.directory), told.deadline))


def _repertoire(config: Config, notifiers: Mapping[str, NamedNotifier], engine: PolicyEngine) -> Repertoire:
    """The built-in actions and every runbook, within the bounds of the configuration. Raises ConfigError."""
    section = config.collectors.kubernetes or KubernetesConfig()
    named = {cluster.name: cluster for cluster in section.clusters}
    told = config.runbooks
    means = Means(
        KubernetesDoors(lambda: named),
        {name: each.notifier for name, each in notifiers.items()},
        Outside(hosts=told.hosts, scripts=told.scripts, github=told.github),
    )
    runbooks = load_runbooks(config.runbooks.directory, known_actions())
    bounds = _bounds(config)
    return Repertoire(
        runbooks=runbooks,
        actions={each.name: each.make(means) for each in BUILT_IN},
        effects={each.name: each.effect for each in BUILT_IN},
        notifiers=means.notifiers,
        bounds=lambda: bounds,
        switch=KillSwitch(config.agent.data_dir),
        may_write_to=lambda name: name in named and named[name].write is not None,
        engine=engine,
        calendar=calendar_of(config.policy),
    )


async def _notifiers(config: Config, opened: contextlib.AsyncExitStack) -> dict[str, NamedNotifier]:
    """Every notifier that has a section, open."""
    found: dict[str, NamedNotifier] = {}
    for part in NOTIFIERS:
        section = getattr(config.notifiers, part.name)
        if section is not None:
            try:
                notifier: Notifier = await opened.enter_async_context(part.open(section))
            except PluginError as error:
                log.warning("notifier.not_opened", notifier=part.name, error=str(error))
                notifier = Broken(str(error))
            found[part.name] = NamedNotifier(part.summary, notifier)
    return found


def _bounds(config: Config) -> Bounds:
    told = config.runbooks
    return Bounds(
        live=told.live,
        auto_execute=told.auto_execute,
        settle=told.settle,
        approval_expires=told.approval_expires,
        target_actions=told.max_actions_per_target.count,
        target_window=told.max_actions_per_target.per,
        fleet_actions=told.fleet_budget.count,
        fleet_window=told.fleet_budget.per,
        cooldown=told.cooldown,
    )


def _clusters(config: Config) -> list[ClusterPlan]:
    section = config.collectors.kubernetes
    if section is None:
        return []
    return [_plan(section, cluster) for cluster in section.clusters]


def _plan(section: KubernetesConfig, cluster: ClusterConfig) -> ClusterPlan:
    times = section.times_of(cluster)
    resolved = replace(
        cluster,
        poll_interval=times.poll_interval,
        silent_after=times.silent_after,
        metrics_interval=cluster.metrics_interval or section.metrics_interval,
        custom_resources=section.custom_resources_of(cluster),
    )
    return ClusterPlan(
        name=cluster.name,
        region=cluster.region,
        stale_after=times.stale_after,
        unreachable_after=times.unreachable_after,
        open=partial(kubernetes.open, resolved),
        fingerprint=repr((resolved, times)),
        silent_after=times.silent_after,
    )


def _additions(config: Config) -> KeptAdditions:
    section = config.collectors.kubernetes or KubernetesConfig()
    return KeptAdditions(config.agent.data_dir, partial(_plan, section))


def _all_clusters(config: Config) -> list[ClusterPlan]:
    """Those of the file, and those that were added while running; of one name the file's."""
    named = _clusters(config)
    taken = {plan.name for plan in named}
    return [*named, *(plan for plan in _additions(config).plans() if plan.name not in taken)]


def calm_the_collector() -> None:
    """What lives as long as the agent is not looked at again by each collection; bursts of events are not either.

    Without a collection before: it looks at 150,000 objects to find the few hundred that a start leaves behind.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def _is_loopback(config: Config) -> bool:
    return config.listen.host in LOOPBACK


def _api_options(config: Config) -> ApiOptions:
    return ApiOptions(
        auth=config.api.auth,
        bootstrap_token=config.api.bootstrap_token,
        tokens=TokenFile(config.agent.data_dir),
        is_loopback=_is_loopback(config),
        allowed_hosts=config.api.allowed_hosts,
        allowed_origins=config.api.allowed_origins,
        trusted_proxies=config.api.trusted_proxies,
        console=CONSOLE,
    )


@contextlib.contextmanager
def _ports_file(config: Config, listeners: Sequence[Listener]) -> Generator[None]:
    """``ports.json`` exists only while the ports are open, so that nobody calls an agent that is gone."""
    path = config.agent.data_dir / "ports.json"
    ports = {"host": config.listen.host, **{each.name: each.port for each in listeners}}
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(ports) + "\n", encoding="utf-8")
    draft.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)

"""Tries one cluster as its collector would, and says what works and what is missing. For `kronveil doctor`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from kronveil.collectors.kubernetes.catalog import Catalog, NotServedError
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.connect import Connection, open_connection
from kronveil.collectors.kubernetes.custom import kinds_of
from kronveil.collectors.kubernetes.kinds import Kind
from kronveil.collectors.kubernetes.trouble import ForbiddenError, SourceError, UnauthorizedError
from kronveil.collectors.kubernetes.wire import decode_any_page, decode_named, decode_version
from kronveil.sdk.errors import Permanent

WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. ``is_good`` is None for what is not there and need not be, or could not be tried.

    ``remedy`` says what would help.
    """

    what: str
    is_good: bool | None
    detail: str
    remedy: str = ""


async def examine(config: ClusterConfig) -> AsyncIterator[Finding]:
    """Everything the collector of this cluster needs, in the order it needs it; ends where nothing more can work."""
    try:
        async with open_connection(config) as connection:
            yield Finding("kubeconfig", is_good=True, detail=f"leads to {connection.address}")
            async for finding in _through(connection, config):
                yield finding
    except Permanent as error:
        yield Finding("kubeconfig", is_good=False, detail=str(error), remedy=_OTHER_KUBECONFIG)


async def _through(connection: Connection, config: ClusterConfig) -> AsyncIterator[Finding]:
    try:
        version = decode_version(await connection.get("/version", timeout_s=WAIT_S)).git_version
    except UnauthorizedError as error:
        # Else it was the program for the credentials that failed, and nobody has been asked yet.
        has_answered = "(401)" in str(error)
        yield _REACHED if has_answered else Finding("reachable", is_good=None, detail="not tried, without credentials")
        yield _refused(error, config)
        return
    except ForbiddenError:
        version = ""
    except (SourceError, msgspec.DecodeError) as error:
        yield Finding("reachable", is_good=False, detail=_words(error), remedy=_way_there(str(error), config))
        return
    yield _REACHED
    yield Finding("version", is_good=True if version else None, detail=version or "not told to this account")
    yield await _identity(connection, config)
    catalog = Catalog(connection)
    for kind in kinds_of(config):
        for namespace in config.namespaces if config.namespaces and kind.is_namespaced else (None,):
            finding = await _kind(connection, config, catalog, kind, namespace)
            yield finding
            if finding.what == "credentials":
                return


async def _identity(connection: Connection, config: ClusterConfig) -> Finding:
    try:
        uid = decode_named(await connection.get("/api/v1/namespaces/kube-system", timeout_s=WAIT_S)).metadata.uid
    except UnauthorizedError as error:
        return _refused(error, config)
    except ForbiddenError:
        hint = "forbidden. Allow get on the namespace kube-system: its uid is the cluster's identity"
        rule = f"{{apiGroups: [{_CORE}], resources: [namespaces], resourceNames: [kube-system], verbs: [get]}}"
        return Finding("identity", is_good=False, detail=hint, remedy=f"Add to its ClusterRole: {rule}")
    except (SourceError, msgspec.DecodeError) as error:
        return Finding("identity", is_good=False, detail=_words(error))
    return Finding("identity", is_good=True, detail=uid)


async def _kind(
    connection: Connection, config: ClusterConfig, catalog: Catalog, kind: Kind, namespace: str | None
) -> Finding:
    """List one object of a kind, and begin to watch it."""
    what = kind.name if namespace is None else f"{kind.name} in {namespace}"
    doing, path = "list", ""
    try:
        path = await catalog.path_of(kind, namespace)
        body = await connection.get(
            path, {"limit": 1, **kind.parameters}, timeout_s=WAIT_S, accept=kind.accept(list_=True)
        )
        since = decode_any_page(body).metadata.resource_version
        doing = "watch"
        asked: dict[str, str | int] = {"watch": "true", "timeoutSeconds": 1, "resourceVersion": since}
        async with connection.stream(path, asked | dict(kind.parameters), WAIT_S, accept=kind.accept(list_=False)):
            return Finding(what, is_good=True, detail="list, watch")
    except NotServedError as error:
        return Finding(what, is_good=None if kind.is_custom or kind.is_named else False, detail=str(error))
    except UnauthorizedError as error:
        return _refused(error, config)
    except ForbiddenError:
        if catalog.falls_back(kind, namespace, path):
            return await _kind(connection, config, catalog, kind, namespace)
        group = f" of {kind.group}" if kind.group else ""
        where = f" in the namespace {namespace}" if namespace else ""
        return Finding(
            what,
            is_good=False,
            detail=f"may not {doing}. Allow list and watch on {kind.name}{group}{where}",
            remedy=_rule(kind, namespace),
        )
    except (SourceError, msgspec.DecodeError) as error:
        return Finding(what, is_good=False, detail=f"{doing}: {_words(error)}")


_REACHED = Finding("reachable", is_good=True, detail="it answers, and its certificate is trusted")
_CORE = '""'
_OTHER_KUBECONFIG = (
    "Name the kubeconfig and the context that work here, as the user the agent runs as: kubectl config get-contexts"
)


def _refused(error: UnauthorizedError, config: ClusterConfig) -> Finding:
    remedy = f"Renew them until this works here, as the user the agent runs as: {_kubectl(config)} get namespaces"
    return Finding("credentials", is_good=False, detail=str(error), remedy=remedy)


def _way_there(words: str, config: ClusterConfig) -> str:
    """What to look at when the way to an API server is closed; first match wins."""
    for sign, remedy in (
        (
            "is not trusted",
            "Put the authority that signed it into the kubeconfig, or the name it is for: tls-server-name",
        ),
        ("connection refused", "See whether the API server runs and this is its port"),
        ("cannot be resolved", "See whether the name is right, and whether this machine may ask for it (VPN, DNS)"),
        ("no answer from", "See whether a firewall, a VPN or a proxy (proxy-url in the kubeconfig) is in between"),
    ):
        if sign in words:
            return f"{remedy}. Then this works here: {_kubectl(config)} version"
    return f"See what this says here: {_kubectl(config)} version"


def _kubectl(config: ClusterConfig) -> str:
    path = f" --kubeconfig {config.kubeconfig_path}" if config.kubeconfig_path else ""
    return f"kubectl{path}{f' --context {config.context}' if config.context else ''}"


def _rule(kind: Kind, namespace: str | None) -> str:
    where = f"Role in {namespace}" if namespace else "ClusterRole"
    what = f"apiGroups: [{kind.group or _CORE}], resources: [{kind.resource or kind.name}]"
    return f"Add to its {where}: {{{what}, verbs: [get, list, watch]}}"


def _words(error: Exception) -> str:
    if isinstance(error, msgspec.DecodeError):
        return "the answer is not what a Kubernetes API server sends"
    return str(error)

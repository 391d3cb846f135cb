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
    """One thing that was tried. ``is_good`` is None for what is not there and need not be."""

    what: str
    is_good: bool | None
    detail: str


async def examine(config: ClusterConfig) -> AsyncIterator[Finding]:
    """Everything the collector of this cluster needs, in the order it needs it; ends where nothing more can work."""
    try:
        async with open_connection(config) as connection:
            yield Finding("kubeconfig", is_good=True, detail=f"leads to {connection.address}")
            async for finding in _through(connection, config):
                yield finding
    except Permanent as error:
        yield Finding("kubeconfig", is_good=False, detail=str(error))


async def _through(connection: Connection, config: ClusterConfig) -> AsyncIterator[Finding]:
    try:
        version = decode_version(await connection.get("/version", timeout_s=WAIT_S)).git_version
    except UnauthorizedError as error:
        yield Finding("reachable", is_good=True, detail="it answers, and its certificate is trusted")
        yield Finding("credentials", is_good=False, detail=str(error))
        return
    except ForbiddenError:
        version = ""
    except (SourceError, msgspec.DecodeError) as error:
        yield Finding("reachable", is_good=False, detail=_words(error))
        return
    yield Finding("reachable", is_good=True, detail="it answers, and its certificate is trusted")
    yield Finding("version", is_good=True if version else None, detail=version or "not told to this account")
    yield await _identity(connection)
    catalog = Catalog(connection)
    for kind in kinds_of(config):
        for namespace in config.namespaces if config.namespaces and kind.is_namespaced else (None,):
            finding = await _kind(connection, catalog, kind, namespace)
            yield finding
            if finding.what == "credentials":
                return


async def _identity(connection: Connection) -> Finding:
    try:
        uid = decode_named(await connection.get("/api/v1/namespaces/kube-system", timeout_s=WAIT_S)).metadata.uid
    except UnauthorizedError as error:
        return Finding("credentials", is_good=False, detail=str(error))
    except ForbiddenError:
        hint = "forbidden. Allow get on the namespace kube-system: its uid is the cluster's identity"
        return Finding("identity", is_good=False, detail=hint)
    except (SourceError, msgspec.DecodeError) as error:
        return Finding("identity", is_good=False, detail=_words(error))
    return Finding("identity", is_good=True, detail=uid)


async def _kind(connection: Connection, catalog: Catalog, kind: Kind, namespace: str | None) -> Finding:
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
        return Finding("credentials", is_good=False, detail=str(error))
    except ForbiddenError:
        if catalog.falls_back(kind, namespace, path):
            return await _kind(connection, catalog, kind, namespace)
        group = f" of {kind.group}" if kind.group else ""
        where = f" in the namespace {namespace}" if namespace else ""
        return Finding(
            what, is_good=False, detail=f"may not {doing}. Allow list and watch on {kind.name}{group}{where}"
        )
    except (SourceError, msgspec.DecodeError) as error:
        return Finding(what, is_good=False, detail=f"{doing}: {_words(error)}")


def _words(error: Exception) -> str:
    if isinstance(error, msgspec.DecodeError):
        return "the answer is not what a Kubernetes API server sends"
    return str(error)

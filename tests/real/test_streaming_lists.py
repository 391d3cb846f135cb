"""A real API server gives the list of each kind that we watch as the first part of a watch, and says where it ends."""

from pathlib import Path

import pytest

from kronveil.collectors.kubernetes.catalog import Catalog, NotServedError
from kronveil.collectors.kubernetes.config import ClusterConfig
from kronveil.collectors.kubernetes.connect import open_connection
from kronveil.collectors.kubernetes.initial import PARAMETERS, is_end
from kronveil.collectors.kubernetes.kinds import KINDS

from .servers import KubeCluster

pytestmark = pytest.mark.anyio


async def test_every_kind_of_a_real_server_is_listed_by_its_watch(
    clusters: tuple[KubeCluster, KubeCluster], tmp_path: Path
) -> None:
    kubeconfig = clusters[0].write_kubeconfig(tmp_path / "kubeconfig", "certificate")
    config = ClusterConfig(name="real", kubeconfig_path=kubeconfig, context=clusters[0].name)
    unended: list[str] = []
    async with open_connection(config) as connection:
        catalog = Catalog(connection)
        for kind in KINDS:
            try:
                path = await catalog.path_of(kind, None)
            except NotServedError:
                assert kind.is_custom
                continue
            asked: dict[str, str | int] = {
                "watch": "true",
                "allowWatchBookmarks": "true",
                "timeoutSeconds": 30,
                **PARAMETERS,
            }
            accept = kind.accept(list_=False)
            received = b""
            async with connection.stream(path, asked | dict(kind.parameters), 30, accept=accept) as chunks:
                async for chunk in chunks:
                    received += chunk
                    if is_end(received):
                        break
            if not is_end(received):
                unended.append(kind.name)
    assert not unended

"""Encrypted servers, and the kubeconfig that leads to them."""

import base64
import ssl
import stat

import httpx2
import pytest
from ruamel.yaml import YAML

from tests.lab.serving import PODS, served, watching

pytestmark = pytest.mark.anyio


def read(path):
    return YAML(typ="safe", pure=True).load(path.read_text())


def trust(config):
    authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
    return ssl.create_default_context(cadata=authority)


async def test_the_kubeconfig_has_a_context_for_each_cluster_and_its_token_works(tmp_path):
    path = tmp_path / "kubeconfig"
    async with served(tls=True) as api:
        api.lab.write_kubeconfig(path)
        config = read(path)
        assert [item["name"] for item in config["contexts"]] == ["east"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        server = config["clusters"][0]["cluster"]["server"]
        headers = {"authorization": f"Bearer {config['users'][0]['user']['token']}"}
        async with httpx2.AsyncClient(base_url=server, verify=trust(config), headers=headers) as http:
            assert (await http.get(PODS)).status_code == 200
            async with watching(http, PODS) as frames:
                assert (await frames.next())["type"] == "ADDED"
                assert api.cluster.drop_watches() == 1
                with pytest.raises(httpx2.TransportError):
                    await frames.take(99)


async def test_a_client_certificate_is_let_in_and_nobody_is_not(tmp_path):
    path = tmp_path / "kubeconfig"
    async with served(tls=True) as api:
        api.lab.write_kubeconfig(path, credentials="certificate")
        config = read(path)
        user = config["users"][0]["user"]
        pair = tmp_path / "pair.pem"
        pair.write_bytes(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
        context = trust(config)
        async with httpx2.AsyncClient(base_url=api.cluster.url, verify=context) as http:
            assert (await http.get(PODS)).status_code == 401
        known = trust(config)
        known.load_cert_chain(pair)
        async with httpx2.AsyncClient(base_url=api.cluster.url, verify=known) as http:
            assert (await http.get(PODS)).status_code == 200


async def test_an_unknown_authority_is_not_trusted():
    async with served(tls=True) as api, httpx2.AsyncClient(base_url=api.cluster.url) as http:
        with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
            await http.get(PODS)


async def test_an_encrypted_server_stops_and_starts(tmp_path):
    path = tmp_path / "kubeconfig"
    async with served(tls=True) as api:
        api.lab.write_kubeconfig(path)
        headers = {"authorization": f"Bearer {api.cluster.token}"}
        async with httpx2.AsyncClient(base_url=api.cluster.url, verify=trust(read(path)), headers=headers) as http:
            async with watching(http, PODS, resourceVersion=await version(http)) as frames:
                await api.cluster.stop_server()
                with pytest.raises(httpx2.TransportError):
                    await frames.next()
            await api.cluster.start_server()
            assert (await http.get(PODS)).status_code == 200


async def version(http):
    return (await http.get(PODS, params={"limit": 1})).json()["metadata"]["resourceVersion"]


async def test_a_token_file_lies_beside_the_kubeconfig(tmp_path):
    path = tmp_path / "kubeconfig"
    async with served() as api:
        api.lab.write_kubeconfig(path, credentials="token-file")
        file = read(path)["users"][0]["user"]["tokenFile"]
        assert (tmp_path / "kubeconfig.east.token").samefile(file)
        assert (tmp_path / "kubeconfig.east.token").read_text() == api.cluster.token
        with pytest.raises(ValueError, match="certificate"):
            api.lab.write_kubeconfig(path, credentials="certificate")

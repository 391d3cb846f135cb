"""What operators and networks get wrong: a clear message where somebody looks, the rest goes on, all of it heals."""

import socket

import anyio
import pytest

from kronveil.lab.server.tls import Authority
from tests.acceptance.agents import AgentProcess, agent_in_process, command, configured, frame_of
from tests.acceptance.world import BAD, pods, quiet_lab, release, warn
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio


async def test_each_trouble_of_a_cluster_is_told_by_its_name_and_the_others_go_on(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        dead = taken.getsockname()[1]
    async with quiet_lab() as lab, quiet_lab(tls=True, seed=2) as other:
        alpha, beta, gamma = lab.clusters.values()
        lab.write_kubeconfig(tmp_path / "kubeconfig", credentials="token-file")
        stranger = _kubeconfig_with_another_authority(tmp_path, other)
        nobody = tmp_path / "nobody"
        nobody.write_text((tmp_path / "kubeconfig").read_text().replace(alpha.url, f"http://127.0.0.1:{dead}"))
        beta.forbid("events")
        clusters = [
            *lab.clusters,
            {"name": "stranger", "kubeconfig_path": str(stranger), "context": "alpha"},
            {"name": "nobody", "kubeconfig_path": str(nobody), "context": "alpha"},
            {"name": "nowhere", "kubeconfig_path": str(tmp_path / "no-such-file"), "context": "alpha"},
        ]
        async with agent_in_process(configured(tmp_path, clusters)) as agent, agent.stream() as stream:
            await agent.all_live("alpha", "gamma")
            old, new = gamma.token, "lab-renewed-token"
            gamma.expire_token(new)

            async def says_what_is_forbidden():
                found = await agent.cluster("beta")
                return found if found["state"] == "partial" and "events is forbidden" in found["why"] else None

            partial = await eventually(says_what_is_forbidden, "beta is partial: events is forbidden")
            assert "get, list, watch on events" in partial["why"]
            assert "events is forbidden" in partial["kinds"]["events"]["error"]
            assert (partial["pods"], partial["kinds"]["pods"]["error"]) == (pods(beta), None)

            expected = {
                "stranger": "certificate is not trusted",
                "nobody": f"connection refused 127.0.0.1:{dead}",
                "nowhere": f"{tmp_path / 'no-such-file'} does not exist",
                "gamma": "(401)",
            }
            for name, words in expected.items():

                async def says_so(name=name, words=words):
                    return words in ((await agent.cluster(name))["why"] or "")

                await eventually(says_so, f"{name} says {words!r}")
            gone = await agent.becomes("gamma", "unreachable")
            assert "Renew those of context 'gamma'" in gone["why"]

            # Where the operator looks: health, the live stream, the command line. Nowhere the credentials.
            health = await agent.health()
            assert health["status"] == "degraded"
            component = next(each for each in health["components"] if each["name"] == "kubernetes")
            for name in ("beta", *expected):
                assert name in component["message"]
            with anyio.fail_after(60):
                missing = await _missing_of(stream)
                while missing != set(expected):
                    missing = await _missing_of(stream)
            table = (await agent.cli("clusters")).stdout.decode()
            for words in ("events is forbidden", "certificate is not trusted", "connection refused", "(401)"):
                assert words in table
            assert old not in table
            assert old not in str(await agent.get("clusters")) + str(await agent.everything("incidents"))

            # The one that is well is watched as ever.
            await release(alpha, "cart", BAD)
            await agent.the_incident("image", "alpha", "open")

            # And what is mended is noticed without a restart.
            (tmp_path / "kubeconfig.gamma.token").write_text(new)
            beta.allow("events")
            await agent.all_live("gamma", within_s=60)
            await agent.the_incident("reach", "gamma", "resolved")
            await warn(beta, "after", "seen after the permission was given")
            await agent.has_event("seen after the permission was given", within_s=60, cluster="beta")
            await agent.all_live("beta")


async def _missing_of(stream) -> set[str]:
    status = await frame_of(stream, "status")
    return {each["cluster"] for each in status["data"]["fleet"]["missing"]}


def _kubeconfig_with_another_authority(folder, lab):
    """A kubeconfig that trusts somebody else than who signed the servers' certificates."""
    lab._authority, own = Authority("somebody-else"), lab._authority
    try:
        lab.write_kubeconfig(folder / "stranger")
    finally:
        lab._authority = own
    return folder / "stranger"


async def test_frames_that_are_no_json_are_counted_and_told_and_healed_by_a_new_list(tmp_path):
    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha = lab.clusters["alpha"]
        async with agent_in_process(configured(tmp_path, ["alpha"])) as agent:
            await agent.all_live("alpha")
            alpha.garble_next_watch_frame()
            await warn(alpha, "cut", "this frame is cut in two")
            await agent.has_event("this frame is cut in two")
            await agent.all_live("alpha")
            assert (await agent.cluster("alpha"))["books"]["dropped"] == {"undecodable": 1}


async def test_a_wrong_file_ends_with_2_and_every_place(tmp_path):
    file = tmp_path / "kronveil.yaml"
    file.write_text("agent:\n  naem: x\nlisten: {api: many}\n")
    done = await command("up", "-c", str(file))
    assert done.returncode == 2
    told = done.stderr.decode()
    assert f"{file}:2:3" in told
    assert f"{file}:3:" in told
    assert "name" in told
    assert "Traceback" not in told
    file.write_text("agent: [1\n")
    done = await command("up", "-c", str(file))
    assert (done.returncode, f"{file}:" in done.stderr.decode()) == (2, True)
    assert "Traceback" not in done.stderr.decode()


async def test_a_taken_port_ends_with_2_and_names_the_port_and_the_way_out(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        file = configured(tmp_path, listen={"api": port, "dashboard": None, "prometheus": None, "health": None})
        done = await command("up", "-c", str(file))
    told = done.stderr.decode()
    assert done.returncode == 2, told
    assert f"127.0.0.1:{port}" in told
    assert "listen: {api:" in told
    assert "Traceback" not in told


async def test_a_second_agent_on_one_data_folder_and_an_unusable_folder_end_with_words(tmp_path):
    file = configured(tmp_path)
    async with agent_in_process(file) as agent:
        done = await command("up", "-c", str(file))
        told = done.stderr.decode()
        assert done.returncode == 1, told
        assert f"is using the data folder {tmp_path / 'data'}" in told
        assert "agent.data_dir" in told
        assert "Traceback" not in told
        assert (await agent.health())["status"] == "healthy"
    # Nobody, not even root, may make a folder there.
    file = configured(tmp_path, agent={"data_dir": "/proc/kronveil"})
    done = await command("up", "-c", str(file))
    told = done.stderr.decode()
    assert done.returncode == 1, told
    assert "/proc/kronveil" in told
    assert "agent.data_dir" in told
    assert "Traceback" not in told


async def test_a_full_disk_makes_the_agent_unhealthy_and_loses_nothing(tmp_path):
    import resource

    async with quiet_lab() as lab:
        lab.write_kubeconfig(tmp_path / "kubeconfig")
        alpha = lab.clusters["alpha"]
        async with AgentProcess(configured(tmp_path, ["alpha"])) as process, process.started() as agent:
            await agent.all_live("alpha")
            await release(alpha, "cart", BAD)
            known = await agent.the_incident("image", "alpha", "open")

            _, most = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
            # Nothing may grow any more: every file of the store is larger than this.
            resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (4096, most))
            for number in range(20):
                await warn(alpha, f"full-{number}", f"said while the disk was full, {number}")

            async def is_unhealthy():
                health = await agent.health()
                return health if health["status"] == "unhealthy" else None

            health = await eventually(is_unhealthy, "the agent says that it cannot save")
            store = next(each for each in health["components"] if each["name"] == "store")
            assert str(tmp_path / "data" / "kronveil.db") in store["message"]
            assert "disk" in store["message"]
            assert (await agent.http.get("/health")).status_code == 503
            # It goes on answering, shows nothing that is not durable, and says why nothing can be changed.
            assert [each["id"] for each in await agent.incidents()] == [known["id"]]
            assert not [e for e in await agent.everything("events") if "disk was full" in e["message"]]
            refused = await agent.http.post(f"/incidents/{known['id']}/acknowledge")
            assert (refused.status_code, "disk" in refused.json()["detail"]) == (503, True)
            assert (await agent.cluster("alpha"))["state"] == "live"

            async def all_are_kept():
                return (await agent.cluster("alpha"))["books"]["in_flight"] >= 20

            await eventually(all_are_kept, "what cannot be saved yet is in flight")
            told = await agent.cli("status")
            assert (told.returncode, b"unhealthy" in told.stdout) == (0, True), told

            resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (most, most))

            async def is_healthy():
                return (await agent.health())["status"] == "healthy"

            await eventually(is_healthy, "it is healthy again", within_s=60)
            for number in range(20):
                await agent.has_event(f"said while the disk was full, {number}")
            assert (await agent.http.post(f"/incidents/{known['id']}/acknowledge")).status_code == 200
            assert (await agent.cluster("alpha"))["books"]["dropped"] == {}
            await process.process.stop()

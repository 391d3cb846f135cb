"""Actions that act beside clusters keep every promise, too: wait, http_request, custom_script, notify_oncall."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio
import pytest

from kronveil.actions import BUILT_IN
from kronveil.actions.custom_script import CustomScript
from kronveil.actions.notify_oncall import NotifyOncall
from kronveil.model.execution import Target
from kronveil.sdk.actions import Action, Means
from kronveil.sdk.errors import Permanent, Transient
from kronveil.sdk.notifiers import Notice
from kronveil.sdk.outside import AllowedHost, AllowedScript, Outside
from kronveil.sdk.secret import Secret
from kronveil.sdk.testing import samples
from kronveil.sdk.testing.actions import ActionContract, ActionWorld, Case, promises
from tests.actions.scenes import step
from tests.receiver import Received, Said, Server, served

pytestmark = pytest.mark.anyio
TARGET = Target("uid", "east", samples.incident(1).resource)
SCRIPT = """#!/bin/sh
mkdir "$1/$(echo "$KRONVEIL_KEY" | tr / _)" || exit 0
echo acted >> "$1/acts"
if [ -e "$1/hang" ]; then rm "$1/hang"; sleep 1000; fi
"""


class World:
    """What all of these worlds share."""

    secret = ""
    means: Means

    async def change_target(self) -> str:
        raise AssertionError("it has no target")


class Alone(World):
    """Nothing to act on."""

    acts = 0

    def __init__(self, _: Path) -> None:
        self.means = Means(None)  # type: ignore[arg-type]

    async def state(self) -> Mapping[str, object]:
        return {}

    def lose_next_answer(self) -> None:
        pass

    def hang_after_next_act(self) -> None:
        pass


class Tool(World):
    """An internal tool with an API that heeds idempotency keys and asks for a token."""

    secret = "tool-token-zq7"

    def __init__(self, server: Server) -> None:
        self.server = server
        server.answer = self._answer
        self._keys: list[str] = []
        self._loses = self._hangs = False
        entry = AllowedHost(host=f"127.0.0.1:{server.port}", methods=("GET", "POST"), token=Secret(self.secret))
        self.means = Means(None, outside=Outside(hosts=(entry,)))  # type: ignore[arg-type]

    @property
    def acts(self) -> int:
        return len(self._keys)

    async def state(self) -> Mapping[str, object]:
        return {"orders": list(self._keys)}

    def lose_next_answer(self) -> None:
        self._loses = True

    def hang_after_next_act(self) -> None:
        self.server.hangs_at = lambda _: True

    def _answer(self, request: Received) -> Said:
        if request.headers.get("authorization") != f"Bearer {self.secret}":
            return Said(401)
        if request.headers["idempotency-key"] not in self._keys:
            self._keys.append(request.headers["idempotency-key"])
        loses, self._loses = self._loses, False
        return Said(201, f'{{"token": "{self.secret}"}}'.encode(), is_lost=loses)


class Folder(World):
    """A folder in which a script leaves its marks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self._marks = folder / "marks"
        self._marks.mkdir(exist_ok=True)
        self.means = Means(None, outside=Outside(scripts=(script(folder, SCRIPT),)))  # type: ignore[arg-type]

    @property
    def acts(self) -> int:
        acts = self._marks / "acts"
        return len(acts.read_text().splitlines()) if acts.exists() else 0

    async def state(self) -> Mapping[str, object]:
        return {"marks": sorted(each.name for each in self._marks.iterdir() if each.is_dir())}

    def lose_next_answer(self) -> None:
        pass

    def hang_after_next_act(self) -> None:
        (self._marks / "hang").touch()


class Contract(ActionContract):
    """One of them by name."""

    checks_diff = False

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._worlds = 0
        self.component = next(each for each in BUILT_IN if each.name == name)

    @asynccontextmanager
    async def world(self) -> AsyncIterator[ActionWorld]:
        self._worlds += 1
        if self.name == "http_request":
            async with served() as server:
                yield Tool(server)
        elif self.name == "custom_script":
            yield Folder(self._folder / str(self._worlds))
        else:
            yield Alone(self._folder)

    def case(self, world: ActionWorld) -> Case:
        return Case(step(self.name, **self._told(world)[0]), TARGET)

    def out_of_bounds(self, world: ActionWorld) -> Sequence[Case]:
        return [Case(step(self.name, **told), TARGET) for told in self._told(world)[1:]]

    @staticmethod
    def _told(world: ActionWorld) -> list[dict[str, Any]]:
        """What is to be done, then what must be refused."""
        if isinstance(world, Tool):
            url = f"{world.server.url}/orders"
            return [
                {"url": url, "method": "POST", "body": {"item": "pods"}},
                {"url": url, "method": "DELETE"},
                {"url": url, "method": "BREW"},
                {"url": url, "method": "GET", "body": {"a": 1}},
                {"url": "http://169.254.169.254/latest"},
                {"url": url.replace("//", "//me:word@")},
                {"url": "file:///etc/passwd"},
                {"url": f"{url}?api_key=abcdef"},
                {"url": url, "method": "POST", "body": {"user": {"password": "hunter2"}}},
            ]
        if isinstance(world, Folder):
            marks = str(world.folder / "marks")
            return [
                {"script": "mark", "arguments": [marks]},
                {"script": "rm", "arguments": ["-rf", "/"]},
                {"script": "mark", "arguments": "a text"},
                {"script": "mark", "arguments": ["x" * 10_000]},
                {"script": "mark", "arguments": ["a\0b"]},
                {"script": "mark", "arguments": ["--password=hunter2"]},
            ]
        return [{"for": "1s"}, {}, {"for": "2h"}, {"for": "soon"}, {"for": "0s"}]


@pytest.mark.parametrize("action", ["wait", "http_request", "custom_script"])
@pytest.mark.parametrize("promise", promises())
async def test_every_action_beside_clusters_keeps_its_promises(action: str, promise: str, tmp_path: Path) -> None:
    await getattr(Contract(action, tmp_path), promise)()


def script(folder: Path, text: str, **more: Any) -> AllowedScript:
    path = folder / "script"
    path.write_text(text)
    path.chmod(0o700)
    return AllowedScript(name="mark", path=path, sha256=sha256(text.encode()).hexdigest(), **more)


async def ran(folder: Path, text: str, *arguments: str, **more: Any) -> str:
    """What became of a script, in words."""
    action = CustomScript(Means(None, outside=Outside(scripts=(script(folder, text, **more),))))  # type: ignore[arg-type]
    plan = await action.rehearse(step("custom_script", script="mark", arguments=list(arguments)), TARGET)
    return (await action.perform(plan, "exe-1/0")).message


async def test_a_script_sees_its_arguments_as_they_are_and_a_clean_environment(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "must-not-leak")
    said = await ran(tmp_path, '#!/bin/sh\nprintf "%s|" "$@"; env\n', "$(id)", "a b; rm -rf /", "`x`")
    assert "$(id)|a b; rm -rf /|`x`|" in said
    assert "must-not-leak" not in said
    assert "KRONVEIL_KEY=exe-1/0" in said


async def test_a_script_that_takes_too_long_is_killed_with_all_that_it_started(tmp_path: Path):
    text = f'#!/bin/sh\n(while true; do date > "{tmp_path}/alive"; sleep 0.05; done) &\nsleep 1000\n'
    with pytest.raises(Permanent, match="killed after 1 s"):
        await ran(tmp_path, text, timeout=timedelta(seconds=1))
    (tmp_path / "alive").unlink(missing_ok=True)
    await anyio.sleep(0.3)
    assert not (tmp_path / "alive").exists()


async def test_a_script_that_wants_too_much_memory_fails_alone(tmp_path: Path):
    with pytest.raises(Permanent, match="ended with 1"):
        await ran(tmp_path, f"#!{sys.executable}\nbytes(2**30)\n", memory_mib=256)


async def test_endless_output_is_cut_and_secrets_in_it_are_masked(tmp_path: Path):
    said = await ran(tmp_path, "#!/bin/sh\nhead -c 3000000 /dev/zero | tr '\\0' x\necho; echo password=hunter2\n")
    assert (len(said) < 1000, "hunter2" in said) == (True, False)


async def test_a_script_says_that_trying_again_may_help_by_its_exit_status(tmp_path: Path):
    with pytest.raises(Transient):
        await ran(tmp_path, "#!/bin/sh\nexit 75\n")


@pytest.mark.parametrize("change", ["content", "rights", "link"])
async def test_a_script_that_is_not_what_was_allowed_is_not_run(tmp_path: Path, change: str):
    allowed = script(tmp_path, "#!/bin/sh\ntouch ran\n")
    action = CustomScript(Means(None, outside=Outside(scripts=(allowed,))))  # type: ignore[arg-type]
    plan = await action.rehearse(step("custom_script", script="mark"), TARGET)
    if change == "content":
        allowed.path.write_text("#!/bin/sh\nrm -rf /\n")
    elif change == "rights":
        allowed.path.chmod(0o777)
    else:
        allowed.path.rename(tmp_path / "real")
        allowed.path.symlink_to(tmp_path / "real")
    with pytest.raises(Permanent, match=r"other content|only its owner|no link"):
        await action.perform(plan, "exe-1/0")


class Way:
    """A way to tell people, or not."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.notices: list[Notice] = []

    async def tell(self, notice: Notice) -> str:
        if self.error:
            raise self.error
        self.notices.append(notice)
        return "the team"


async def told(ways: dict[str, Way], **parameters: Any) -> str:
    action: Action = NotifyOncall(Means(None, ways))  # type: ignore[arg-type]
    plan = await action.rehearse(step("notify_oncall", **parameters), TARGET)
    return (await action.perform(plan, "exe-1/1")).message


async def test_who_is_on_call_is_told_what_happened_under_the_steps_own_key():
    way = Way()
    assert await told({"webhook": way}, message="look at it") == "told webhook (the team)"
    (notice,) = way.notices
    incident = samples.incident(1)
    assert (notice.key, notice.text, notice.title) == ("exe-1/1", "look at it", incident.title)


async def test_with_one_way_down_the_others_are_told_and_it_is_named():
    said = await told({"log": Way(), "webhook": Way(Transient("it is down"))})
    assert said == "told log (the team); not told: webhook: it is down"


@pytest.mark.parametrize(
    ("ways", "error", "words"),
    [
        ({}, Permanent, "nobody to tell"),
        ({"webhook": Way(Permanent("403"))}, Permanent, "nobody was told: webhook: 403"),
        ({"webhook": Way(Transient("down")), "log": Way(Permanent("no"))}, Transient, "nobody was told"),
    ],
)
async def test_it_never_claims_that_somebody_was_told(ways: dict[str, Way], error: type[Exception], words: str):
    with pytest.raises(error, match=words):
        await told(ways)


async def test_a_notifier_that_is_not_configured_is_named():
    with pytest.raises(Permanent, match="pager"):
        await told({"log": Way()}, notifiers=["pager"])

"""Pull requests for what GitOps owns: one for each change, as people would have written it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from kronveil.actions.manifests import with_fields
from kronveil.actions.open_pull_request import OpenPullRequest, component
from kronveil.model.execution import Target
from kronveil.model.resource import Resource
from kronveil.sdk.actions import Means
from kronveil.sdk.errors import Permanent
from kronveil.sdk.outside import AllowedRepositories, Outside
from kronveil.sdk.secret import Secret
from kronveil.sdk.testing.actions import ActionContract, ActionWorld, Case
from tests.actions.github import MAIN, REPOSITORY, TOKEN, GitHubState
from tests.actions.scenes import step
from tests.receiver import Server, served

pytestmark = pytest.mark.anyio
FILE = "shop/checkout.yaml"
TEXT = """# The checkout, owned by team shop.
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: 2  # two zones
  template:
    spec:
      containers:
        - name: app
          image: "registry.test/checkout:1.0.0"
          resources: {limits: {memory: 128Mi}}
"""
LIMIT = "spec.template.spec.containers[app].resources.limits.memory"
TARGET = Target("uid", "east", Resource("Deployment", "checkout", "shop"))


class Repository:
    """``ActionWorld`` of one repository."""

    secret = TOKEN

    def __init__(self, server: Server) -> None:
        self.server = server
        self.github = GitHubState({FILE: TEXT})
        server.answer = self.github.answer
        allowed = AllowedRepositories(token=Secret(TOKEN), repositories=(REPOSITORY,), api_url=server.url)
        self.means = Means(None, outside=Outside(github=allowed))  # type: ignore[arg-type]

    @property
    def acts(self) -> int:
        return self.github.acts

    async def state(self) -> Mapping[str, object]:
        pulls = [(pull["title"], pull["base"]) for pull in self.github.pulls if pull["state"] == "open"]
        return {"pulls": pulls, "branches": {name: dict(files) for name, files in self.github.branches.items()}}

    def lose_next_answer(self) -> None:
        self.github.loses = True

    def hang_after_next_act(self) -> None:
        self.server.hangs_at = lambda request: request.method != "GET"

    async def change_target(self) -> str:
        raise AssertionError("it has no target")


@pytest.mark.anyio
class TestOpenPullRequest(ActionContract):
    """The contract."""

    component = component
    checks_diff = False

    @asynccontextmanager
    async def world(self) -> AsyncIterator[ActionWorld]:
        async with served() as server:
            yield Repository(server)

    def case(self, world: ActionWorld) -> Case:
        return case()

    def out_of_bounds(self, world: ActionWorld) -> Sequence[Case]:
        return [
            case(repository="other-org/secrets"),
            case(repository="deployments"),
            case(path="../../etc/passwd"),
            case(path="shop/missing.yaml"),
            case(set={}),
            case(set={"spec.template": {"a": 1}}),
            case(set={"spec.template.spec.containers[nobody].image": "x"}),
            case(set={"spec.replicas": 2}),
        ]


def case(**more: Any) -> Case:
    told = {"repository": REPOSITORY, "path": FILE, "set": {LIMIT: "256Mi"}} | more
    return Case(step("open_pull_request", **told), TARGET)


async def test_a_pull_request_changes_the_field_and_nothing_else_of_the_file():
    async with served() as server:
        world = Repository(server)
        action = OpenPullRequest(world.means)
        plan = await action.rehearse(*_of(case()))
        assert [(each.path, each.before, each.after) for each in plan.diff] == [(LIMIT, '"128Mi"', '"256Mi"')]
        outcome = await action.perform(plan, "exe-1/0")
        (pull,) = world.github.pulls
        assert world.github.branches[pull["head"]][FILE] == TEXT.replace("128Mi", "256Mi")
        assert world.github.branches[MAIN][FILE] == TEXT
        assert pull["html_url"] in outcome.message
        assert "`128Mi`" in pull["body"].replace('"', "")


async def test_what_a_person_closed_is_not_opened_again():
    async with served() as server:
        world = Repository(server)
        action = OpenPullRequest(world.means)
        plan = await action.rehearse(*_of(case()))
        await action.perform(plan, "exe-1/0")
        world.github.pulls[0]["state"] = "closed"
        with pytest.raises(Permanent, match="somebody closed this very change"):
            await action.perform(await action.rehearse(*_of(case())), "exe-2/0")


async def test_a_file_that_was_changed_since_the_plan_is_left_alone():
    async with served() as server:
        world = Repository(server)
        action = OpenPullRequest(world.means)
        plan = await action.rehearse(*_of(case()))
        world.github.branches[MAIN][FILE] = TEXT.replace("replicas: 2", "replicas: 3")
        with pytest.raises(Permanent, match="changed in the repository since"):
            await action.perform(plan, "exe-1/0")
        assert world.github.pulls == []


async def test_without_an_allowed_repository_it_says_how_to_allow_one():
    with pytest.raises(Permanent, match=r"runbooks\.github"):
        await OpenPullRequest(Means(None)).rehearse(*_of(case()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "no YAML"),
        ("- 1\n- 2\n", "0 documents"),
        ("kind: A\n---\nkind: B\n", "2 documents, 0 of them"),
        ("spec: {replicas: {a: 1}}\n", "more than one value"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_reason(text: str, why: str):
    with pytest.raises(Permanent, match=why):
        with_fields(text, {"spec.replicas": 3}, TARGET.resource)


def test_of_several_documents_the_one_about_the_target_is_changed():
    text = "---\nkind: Service\nmetadata: {name: checkout}\nspec: {replicas: 1}\n---\n" + TEXT
    changed, _ = with_fields(text, {"spec.replicas": 3}, TARGET.resource)
    assert changed == text.replace("replicas: 2", "replicas: 3")


def _of(each: Case) -> tuple[Any, Target]:
    return each.step, each.target

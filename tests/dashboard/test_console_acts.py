"""What a person does on a page has its effect at the agent, is shown, and is taken back; or the page says why not."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from playwright.async_api import Locator, Page, expect

from tests.dashboard.axe import OPPOSITE_LOOKS, faults_in
from tests.dashboard.conftest import OpenPage, Troubled, settles
from tests.dashboard.fleet import ConsoleAgent

pytestmark = pytest.mark.anyio
SOON_MS = 30_000
BOOTSTRAP = "a-token-for-this-test-only-0123456789"


async def asked(agent: ConsoleAgent, path: str, token: str | None = None) -> httpx2.Response:
    """The agent's own answer, without the page."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(base_url=agent.url, headers=headers, trust_env=False) as http:
        return await http.get(f"/api/v1{path}")


async def dialog_of(page: Page, act: str) -> Locator:
    """Open the dialog of an act."""
    await page.get_by_role("button", name=act, exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    return dialog


async def test_an_event_unfolds_into_what_became_of_it_and_its_address_opens_it_elsewhere(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/explore")
    await page.get_by_label("Kind").select_option("pod.image_pull_failed")
    await expect(page).to_have_url(re.compile(r"kind=pod\.image_pull_failed"))
    rows = page.locator("[data-event]")
    await expect(rows.filter(has_text="pod.image_pull_failed").first).to_be_visible()
    await expect(rows.filter(has_not_text="pod.image_pull_failed")).to_have_count(0)
    await rows.first.get_by_role("button").first.click()
    became = page.get_by_role("list", name="What became of it")
    await expect(became.get_by_role("listitem").first).to_be_visible()
    address = page.url

    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export").click()
    lines = (await (await download.value).path()).read_text().splitlines()
    assert {json.loads(line)["kind"] for line in lines} == {"pod.image_pull_failed"}

    other, _ = await open_page(address)
    await expect(other.get_by_role("list", name="What became of it")).to_be_visible(timeout=SOON_MS)
    await page.go_back()
    await expect(became).to_have_count(0)


async def test_parts_says_of_every_part_and_source_what_the_agent_says(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/parts")
    parts = (await asked(troubled.agent, "/parts")).json()
    names: list[str] = [part["name"] for part in parts["items"]]
    shown = await page.locator("[data-part]").evaluate_all("rows => rows.map(row => row.dataset.part)")
    assert sorted(shown) == sorted(names)
    for cluster in ("alpha", "beta"):
        await expect(page.locator(".source-table tr", has_text=cluster)).to_contain_text("Live")
    await expect(page.locator(".figure", has_text="Books")).to_contain_text("balanced")
    await expect(page.locator('[data-heat="fresh"]').first).to_be_visible()


async def test_settings_names_the_line_that_set_a_value_and_keeps_its_filter_in_the_address(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/settings?only=set")
    row = page.locator('[data-setting="incidents.resolve_after"]')
    await expect(row).to_contain_text("2s")
    await expect(row).to_contain_text(re.compile(r"kronveil\.yaml:\d+"))
    await page.get_by_role("searchbox").fill("resolve_after")
    await expect(page).to_have_url(re.compile("q=resolve_after"))
    await expect(page.locator("[data-setting]")).to_have_count(1)


async def test_a_token_is_shown_once_works_and_is_revoked_by_typing_its_name(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/settings")
    dialog = await dialog_of(page, "New token")
    await dialog.get_by_label("Who will use it").fill("on-call")
    await dialog.get_by_label("Role").select_option("operator")
    await dialog.get_by_role("button", name="Make it").click()
    secret = await dialog.locator("[data-secret]").inner_text()
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await dialog.get_by_role("button", name="I have it").click()
    assert secret not in await page.content()
    me = (await asked(troubled.agent, "/me", secret)).json()
    assert (me["name"], "operator" in me["roles"], "admin" in me["roles"]) == ("on-call", True, False)

    row = page.locator('[data-token="on-call"]')
    await row.get_by_role("button", name="Revoke on-call").click()
    sure = page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True)
    await expect(sure).to_be_disabled()
    await page.get_by_role("dialog").get_by_label("Type on-call to go on").fill("dana")
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("That is not its name.")
    await expect(sure).to_be_disabled()
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await page.get_by_role("dialog").get_by_label("Type on-call to go on").fill("on-call")
    await sure.click()
    await expect(row).to_have_count(0)
    assert (await asked(troubled.agent, "/me", secret)).status_code == 401


async def test_two_incidents_are_merged_and_undo_takes_them_apart(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    wide, other = troubled.wide, troubled.hostile
    await settles(page, f"{troubled.agent.url}/incidents/{wide['id']}")
    places = page.locator("[data-where]")
    await expect(places).to_have_count(2)
    dialog = await dialog_of(page, "Merge")
    await dialog.get_by_role("checkbox", name=re.compile("search")).check()
    await dialog.get_by_role("button", name="Put 1 incident under this one").click()
    await expect(page.locator(".kinship")).to_contain_text("3 parts")
    assert (await asked(troubled.agent, f"/incidents/{other['id']}")).json()["parent_id"] == wide["id"]
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator(".kinship")).to_contain_text("2 parts")
    assert (await asked(troubled.agent, f"/incidents/{other['id']}")).json()["parent_id"] is None


async def test_a_silence_says_first_what_it_hushes_marks_it_and_ends_by_hand(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/incidents/{troubled.hostile['id']}")
    dialog = await dialog_of(page, "Silence")
    preview = dialog.get_by_role("status")
    await expect(preview).to_contain_text(re.compile(r"Hushes \d incidents?"))
    await expect(preview).to_contain_text("search")
    submit = dialog.get_by_role("button", name="Silence", exact=True)
    for name in ("Cluster", "Namespace", "Kind"):
        await dialog.get_by_label(name).fill("")
    await expect(dialog).to_contain_text("a silence of everything is none")
    await dialog.get_by_label("Namespace").fill("no-such-*")
    await expect(preview).to_contain_text("Hushes nothing known today")
    await dialog.get_by_label("Namespace").fill("shop")
    await expect(preview).to_contain_text("search")
    await expect(submit).to_be_disabled()
    await dialog.get_by_label("Reason").fill("The registry moves tonight")
    await submit.click()
    await expect(page.locator(".silenced")).to_be_visible()

    await page.goto(f"{troubled.agent.url}/incidents")
    await page.get_by_text("1 silence in force or to come").click()
    await expect(page.locator(".silences")).to_contain_text("The registry moves tonight")
    await page.get_by_role("button", name="End it").click()
    await expect(page.locator(".silences")).to_have_count(0)
    assert (await asked(troubled.agent, "/silences")).json()["items"] == []
    assert (await asked(troubled.agent, f"/incidents/{troubled.hostile['id']}")).json()["silenced"] is False


async def test_a_cluster_is_probed_paused_with_a_reason_and_resumed(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/fleet/beta")
    await page.get_by_role("button", name="Probe now").click()
    await expect(page.get_by_text(re.compile(r"Answered in \d+ ms"))).to_be_visible(timeout=SOON_MS)

    dialog = await dialog_of(page, "Pause")
    await expect(dialog.get_by_role("button", name="Pause it")).to_be_disabled()
    await dialog.get_by_label("Reason").fill("Its control plane is upgraded")
    await dialog.get_by_role("button", name="Pause it").click()
    paused = page.locator(".cluster-paused")
    await expect(paused).to_contain_text("Paused by local", timeout=SOON_MS)
    await expect(paused).to_contain_text("Its control plane is upgraded")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await page.get_by_role("button", name="Resume", exact=True).click()
    await expect(paused).to_have_count(0, timeout=SOON_MS)
    await expect(page.locator(".cluster-panel")).to_contain_text("Live", timeout=SOON_MS)


@pytest.mark.parametrize("path", ["/", "/incidents", "/fleet", "/fleet/alpha", "/changes", "/explore", "HOSTILE"])
async def test_hostile_words_stay_words_on_every_page(troubled: Troubled, open_page: OpenPage, path: str) -> None:
    page, seen = await open_page("about:blank")
    page.on("dialog", lambda dialog: seen.errors.append(dialog.message))
    await settles(page, troubled.agent.url + path.replace("HOSTILE", f"/incidents/{troubled.hostile['id']}"))
    await expect(page.get_by_text(re.compile("search")).first).to_be_visible()
    await expect(page.locator("main img:not([src^='/assets/'])")).to_have_count(0)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert seen.errors == []


@pytest.fixture(scope="module")
async def guarded(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ConsoleAgent]:
    """An agent that asks everybody for a token and watches nothing."""
    options: dict[str, Any] = {"api": {"auth": "required", "bootstrap_token": BOOTSTRAP}}
    async with ConsoleAgent(tmp_path_factory.mktemp("guarded"), **options) as agent:
        yield agent


async def viewer_of(agent: ConsoleAgent, name: str, maker: str | None = None) -> str:
    """A new token that may only look."""
    headers = {"Authorization": f"Bearer {maker}"} if maker else {}
    async with httpx2.AsyncClient(base_url=agent.url, headers=headers, trust_env=False) as http:
        wish = {"name": name, "role": "viewer"}
        made = await http.post("/api/v1/tokens", json=wish, headers={"Idempotency-Key": f"for-{name}"})
    token: str = made.raise_for_status().json()["token"]
    return token


async def sign_in(page: Page, token: str) -> None:
    """As a person would, on whatever page asks for it."""
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Sign in").click()


async def test_a_viewer_reads_the_page_and_is_told_which_role_is_missing(
    guarded: ConsoleAgent, open_page: OpenPage
) -> None:
    token = await viewer_of(guarded, "onlooker", BOOTSTRAP)
    page, _ = await open_page(f"{guarded.url}/settings")
    await sign_in(page, token)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    await expect(page.locator(".tokens")).to_contain_text("Needs admin; you have viewer")
    await expect(page.get_by_role("button", name="New token")).to_have_count(0)
    await expect(page.locator(".you")).to_contain_text("onlooker")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    refused = await asked(guarded, "/tokens", token)
    assert refused.status_code == 403
    assert token not in page.url


async def test_a_viewer_finds_every_act_on_an_incident_off_and_the_agent_refuses_it_too(
    troubled: Troubled, open_page: OpenPage
) -> None:
    agent = troubled.agent
    token = await viewer_of(agent, "onlooker")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "never-done"}
    async with httpx2.AsyncClient(base_url=agent.url, headers=headers, trust_env=False) as http:
        refused = await http.post(f"/api/v1/incidents/{troubled.wide['id']}/acknowledge")
    assert refused.status_code == 403
    page, _ = await open_page("about:blank")
    await page.add_init_script(f"sessionStorage.setItem('kronveil.token', {json.dumps(token)})")
    await settles(page, f"{agent.url}/incidents/{troubled.wide['id']}")
    for name in ("Acknowledge", "Assign", "Silence", "Resolve", "Merge", "Note"):
        button = page.get_by_role("button", name=name, exact=True)
        await expect(button).to_be_disabled()
        await expect(button).to_have_attribute("title", "Needs operator; you have viewer")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}


async def test_a_token_that_is_revoked_ends_its_page_and_signing_in_again_brings_it_back(
    guarded: ConsoleAgent, open_page: OpenPage
) -> None:
    token = await viewer_of(guarded, "leaver", BOOTSTRAP)
    page, _ = await open_page(f"{guarded.url}/parts")
    await sign_in(page, token)
    await expect(page.locator('[data-live="Live"]')).to_be_visible(timeout=SOON_MS)
    tokens = (await asked(guarded, "/tokens", BOOTSTRAP)).json()["items"]
    about = next(one for one in tokens if one["name"] == "leaver")
    headers = {"Authorization": f"Bearer {BOOTSTRAP}", "Idempotency-Key": "away-with-it"}
    async with httpx2.AsyncClient(base_url=guarded.url, headers=headers, trust_env=False) as http:
        (await http.delete(f"/api/v1/tokens/{about['id']}")).raise_for_status()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in", timeout=SOON_MS)
    assert page.url.endswith("/parts")
    await sign_in(page, BOOTSTRAP)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Parts")

"""Axe finds no fault on any page, in any state, in dark and light, on a laptop and a phone (WCAG 2.2 AA)."""

import re

import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from tests.dashboard.axe import OPPOSITE_LOOKS, faults, faults_in
from tests.dashboard.conftest import OpenPage, Troubled, settles

pytestmark = pytest.mark.anyio
SOON_MS = 30_000
PAGES = (
    "/",
    "/incidents",
    "/fleet",
    "/fleet#alpha",
    "/fleet/alpha",
    "/fleet/alpha?view=workloads",
    "/fleet/alpha?view=pods",
    "/changes",
    "/explore",
    "/explore?view=signals",
    "/parts",
    "/policy",
    "/policy?view=audit",
    "/policy?view=rules",
    "/settings",
)
ASKED = re.compile(r"/api/v1/(?!health|me$)")


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_has_no_fault(troubled: Troubled, open_page: OpenPage, path: str) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, troubled.agent.url + path)
    assert await faults_in(page) == {}


async def test_an_incident_has_no_fault_wide_or_hostile_or_made_up(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    for name in (troubled.wide["id"], troubled.hostile["id"], "inc_made_up"):
        await settles(page, f"{troubled.agent.url}/incidents/{name}")
        assert await faults_in(page) == {}, name


async def test_lists_that_are_empty_and_addresses_that_are_wrong_have_no_fault(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    for path in ("/incidents?q=zzz", "/changes?target=zzz", "/explore?q=zzz&colour=blue", "/fleet/nowhere", "/weather"):
        await settles(page, troubled.agent.url + path)
        assert await faults_in(page, OPPOSITE_LOOKS) == {}, path


async def test_every_dialog_of_an_incident_has_no_fault(troubled: Troubled, open_page: OpenPage) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/incidents/{troubled.hostile['id']}")
    for act in ("Assign", "Silence", "Resolve", "Note", "Merge"):
        await page.get_by_role("button", name=act, exact=True).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await faults_in(page, OPPOSITE_LOOKS) == {}, act
        await page.keyboard.press("Escape")


async def test_the_dialogs_of_the_shell_a_cluster_and_the_settings_have_no_fault(
    troubled: Troubled, open_page: OpenPage
) -> None:
    page, _ = await open_page("about:blank")
    await settles(page, f"{troubled.agent.url}/fleet/alpha")
    for keys in ("?", "Control+k"):
        await page.keyboard.press(keys)
        await expect(page.get_by_role("dialog")).to_be_visible()
        assert await faults_in(page, OPPOSITE_LOOKS) == {}, keys
        await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Pause", exact=True).click()
    assert await faults_in(page, OPPOSITE_LOOKS) == {}
    await settles(page, f"{troubled.agent.url}/settings")
    await page.get_by_role("button", name="New token").click()
    assert await faults_in(page, OPPOSITE_LOOKS) == {}


@pytest.mark.parametrize("path", ["/", "/fleet", "/explore", "/parts"])
async def test_a_page_that_is_cut_off_is_drained_and_has_no_fault(
    troubled: Troubled, open_page: OpenPage, path: str
) -> None:
    page, _ = await open_page("about:blank")
    sockets: list[WebSocketRoute] = []

    async def once(socket: WebSocketRoute) -> None:
        if sockets:
            await socket.close()
        else:
            socket.connect_to_server()
        sockets.append(socket)

    await page.route_web_socket(re.compile("/ws/events"), once)
    await settles(page, troubled.agent.url + path)
    await sockets[0].close()
    await expect(page.locator('[data-live="Disconnected"]')).to_be_visible(timeout=SOON_MS)
    await expect(page.locator('[data-trust="disconnected"]')).to_be_visible()
    assert await faults_in(page, OPPOSITE_LOOKS) == {}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/incidents/inc_1",
        "/changes",
        "/explore",
        "/runbooks",
        "/executions/exe_1",
        "/policy",
        "/parts",
        "/settings",
    ],
)
async def test_a_page_whose_agent_has_not_answered_yet_has_no_fault(
    troubled: Troubled, open_page: OpenPage, path: str
) -> None:
    page, _ = await open_page("about:blank")

    async def never(_: Route) -> None:
        pass

    await page.route_web_socket(re.compile("/ws/events"), lambda _: None)
    await page.route(re.compile("/api/v1/"), never)
    await page.goto(troubled.agent.url + path)
    await expect(page.locator(".skeleton").first).to_be_visible()
    await expect(page.locator(".skeleton").first).to_contain_text("Loading")
    assert await faults(page) == []


@pytest.mark.parametrize(
    "path",
    ["/incidents/inc_1", "/changes", "/explore", "/runbooks", "/executions/exe_1", "/policy", "/parts", "/settings"],
)
async def test_a_refused_page_says_why_names_the_request_and_has_no_fault(
    troubled: Troubled, open_page: OpenPage, path: str
) -> None:
    page, _ = await open_page("about:blank")
    problem = '{"title": "The store is full", "detail": "No room on /data.", "status": 507}'
    headers = {"Content-Type": "application/problem+json", "X-Request-ID": "req_of_this_test"}
    await page.route(ASKED, lambda route: route.fulfill(status=507, body=problem, headers=headers))
    await page.goto(troubled.agent.url + path)
    refusal = page.locator(".failure").first
    await expect(refusal).to_contain_text("No room on /data.")
    await expect(refusal).to_contain_text("req_of_this_test")
    assert await faults_in(page, OPPOSITE_LOOKS) == {}

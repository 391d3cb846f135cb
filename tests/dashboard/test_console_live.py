"""The page follows the agent by itself: what breaks appears, what is lost is said, what comes back is not doubled."""

import re

import pytest
from playwright.async_api import Page, expect

from kronveil.lab import Lab
from tests.dashboard.axe import faults_in
from tests.dashboard.conftest import OpenPage
from tests.dashboard.fleet import BAD, GOOD, ConsoleAgent, set_image
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
TITLE = re.compile("cart cannot pull image")
SOON_MS = 30_000


async def becomes(page: Page, word: str, *, within_ms: int = SOON_MS) -> None:
    """Wait until the live indicator says this word."""
    await expect(page.locator(f'[data-live="{word}"]')).to_be_visible(timeout=within_ms)


async def open_overview(open_page: OpenPage, agent: ConsoleAgent) -> Page:
    """The overview, live, with both clusters heard; its marker is gone after any reload."""
    page, _ = await open_page(agent.url)
    await becomes(page, "Live")
    await expect(page.get_by_text("2 of 2 clusters reporting")).to_be_visible(timeout=SOON_MS)
    await page.evaluate("window.neverReloaded = true")
    return page


async def test_an_incident_appears_without_a_reload_and_moves_to_recovered(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    page = await open_overview(open_page, agent)
    await expect(page.get_by_text("Nothing waits for you")).to_be_visible()

    await set_image(lab, "alpha", "cart", BAD)
    await expect(page.locator(".needs").get_by_text(TITLE)).to_be_visible(timeout=SOON_MS)
    await expect(page.locator(".nav .badge")).to_have_text("1")
    await expect(page.locator(".timeline .bar")).to_have_count(1)
    await expect(page.locator(".feed").get_by_text("pod.image_pull_failed").first).to_be_visible()

    await set_image(lab, "alpha", "cart", GOOD)
    await expect(page.locator(".recovered").get_by_text(TITLE)).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    assert await page.evaluate("window.neverReloaded")


async def test_the_page_outlives_a_killed_agent_and_doubles_nothing(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    page = await open_overview(open_page, agent)
    await set_image(lab, "alpha", "cart", BAD)
    await expect(page.locator(".needs").get_by_text(TITLE)).to_be_visible(timeout=SOON_MS)

    await agent.process.kill()
    await becomes(page, "Disconnected")
    await expect(page.locator(".needs").get_by_text(TITLE)).to_be_visible()
    await expect(page.locator(".needs .as-of")).to_contain_text("as of")
    write = page.locator(".needs").get_by_role("button", name="Acknowledge")
    await expect(write).to_be_disabled()
    await expect(write).to_have_attribute("title", "Writes are off until the agent answers")

    await agent.start()
    await becomes(page, "Live", within_ms=60_000)
    await expect(write).to_be_enabled()
    await expect(page.locator(".as-of")).to_have_count(0)
    await expect(page.locator(".needs").get_by_text(TITLE)).to_have_count(1)
    assert await page.evaluate("window.neverReloaded")
    shown = await page.locator("[data-event]").evaluate_all("rows => rows.map(row => row.dataset.event)")
    assert len(shown) == len(set(shown)) > 0
    assert len(await agent.incidents()) == 1


async def test_silence_is_delay_after_five_seconds_and_loss_after_fifteen(
    agent: ConsoleAgent, open_page: OpenPage
) -> None:
    page = await open_overview(open_page, agent)
    with agent.process.frozen():
        await becomes(page, "Delayed", within_ms=10_000)
        await becomes(page, "Disconnected", within_ms=15_000)
    await becomes(page, "Live", within_ms=60_000)
    assert await page.evaluate("window.neverReloaded")


async def test_an_incident_is_acknowledged_by_one_click(lab: Lab, agent: ConsoleAgent, open_page: OpenPage) -> None:
    page = await open_overview(open_page, agent)
    await set_image(lab, "alpha", "cart", BAD)
    await page.locator(".needs").get_by_text(TITLE).click(timeout=SOON_MS)
    await expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    await expect(page.locator(".causes")).to_contain_text("shop/cart: image 1.0.0 → 9.9.9")
    await expect(page.locator(".receipts")).to_contain_text("pod.image_pull_failed")

    await page.get_by_role("button", name="Acknowledge").click()
    await expect(page.get_by_text("acknowledged by local", exact=True)).to_be_visible()
    await expect(page.locator(".stage", has_text="Acknowledged")).to_contain_text("by local")
    await expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    (incident,) = await agent.incidents()
    assert (incident["status"], incident["acknowledged_by"]) == ("acknowledged", "local")


async def test_an_incident_is_resolved_by_hand_with_a_reason(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    page = await open_overview(open_page, agent)
    await set_image(lab, "alpha", "cart", BAD)
    await page.locator(".needs").get_by_text(TITLE).click(timeout=SOON_MS)
    await page.get_by_role("button", name="Resolve", exact=True).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Resolve", exact=True)).to_be_disabled()
    await dialog.get_by_label("Reason").fill("Known, and tracked elsewhere")
    await dialog.get_by_role("button", name="Resolve", exact=True).click()
    await expect(page.locator(".stage", has_text="Resolved")).to_contain_text("by local")
    await expect(page.get_by_text("Known, and tracked elsewhere")).to_be_visible()


async def test_a_cluster_that_is_cut_off_is_said_everywhere_and_never_green(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    page = await open_overview(open_page, agent)
    await lab.clusters["beta"].stop_server()
    await expect(page.locator(".coverage")).to_contain_text("1 of 2 clusters reporting", timeout=SOON_MS)
    await expect(page.locator(".coverage")).to_contain_text("beta")
    await expect(page.locator(".figure", has_text="Pods")).to_contain_text("≥", timeout=SOON_MS)
    await expect(page.locator(".lane", has_text="beta").locator(".silence")).to_be_visible()

    assert await faults_in(page) == {}

    await page.keyboard.press("g")
    await page.keyboard.press("f")
    row = page.locator("#cluster-beta")
    await expect(row).to_contain_text(re.compile("Stale|Unreachable"))
    await expect(row.locator(".state.tone-ok")).to_have_count(0)
    await expect(row.locator(".age-bar:not(.hatched)")).to_have_count(0)
    assert await faults_in(page) == {}


async def test_only_the_stream_is_blocked_and_the_page_still_reads(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    await set_image(lab, "alpha", "cart", BAD)
    await eventually(agent.incidents, "an incident is open", within_s=30)
    page, _ = await open_page("about:blank")
    await page.route_web_socket(re.compile("/ws/events"), lambda socket: socket.close())
    await page.goto(agent.url)
    await becomes(page, "Disconnected")
    await expect(page.locator(".needs").get_by_text(TITLE)).to_be_visible()
    await expect(page.get_by_role("alert")).to_contain_text("its live stream does not open")

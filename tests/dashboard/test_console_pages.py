"""Every page in every light and size: drawn without an error, from this origin alone, and only with what was said."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, ViewportSize, expect

from kronveil.lab import Lab
from tests.dashboard.axe import faults_in
from tests.dashboard.conftest import LAPTOP, PHONE, OpenPage, Seen
from tests.dashboard.fleet import BAD, ConsoleAgent, set_image
from tests.real.waiting import eventually

pytestmark = pytest.mark.anyio
SOON_MS = 30_000
HEADINGS = {"/": "Overview", "/incidents": "Incidents", "/fleet": "Fleet"}


async def opened_incident(lab: Lab, agent: ConsoleAgent, image: str = BAD) -> dict[str, Any]:
    """Break the cart in alpha and give the incident that follows."""
    await set_image(lab, "alpha", "cart", image)
    found = await eventually(agent.incidents, "an incident is open", within_s=30)
    return found[0]


async def is_well(page: Page, seen: Seen, agent: ConsoleAgent) -> None:
    """No error, no stranger, nothing cut off at the side."""
    assert seen.errors == []
    assert seen.hosts == {agent.url.removeprefix("http://")}
    width = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("scheme", ["dark", "light"])
async def test_all_four_pages_are_drawn_without_an_error(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage, scheme: str, size: ViewportSize
) -> None:
    incident = await opened_incident(lab, agent)
    for path, heading in {**HEADINGS, f"/incidents/{incident['id']}": incident["title"]}.items():
        page, seen = await open_page(agent.url + path, scheme=scheme, size=size)
        await expect(page.locator('[data-live="Live"]')).to_be_visible(timeout=SOON_MS)
        await expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        await expect(page.locator(".skeleton")).to_have_count(0)
        await is_well(page, seen, agent)


async def test_an_agent_without_clusters_shows_how_to_begin_and_nothing_else(
    tmp_path: Path, open_page: OpenPage
) -> None:
    async with ConsoleAgent(tmp_path) as agent:
        page, seen = await open_page(agent.url)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Nothing has been observed yet")
        for command in ("kronveil init", "kronveil check", "kronveil demo"):
            await expect(page.get_by_text(command, exact=True).first).to_be_visible()
        await expect(page.get_by_text("No cluster is configured yet").first).to_be_visible()
        await expect(page.locator("[data-event], .bar, .need")).to_have_count(0)
        await is_well(page, seen, agent)
        assert await faults_in(page) == {}


async def test_what_the_clusters_say_is_shown_as_text(lab: Lab, agent: ConsoleAgent, open_page: OpenPage) -> None:
    hostile = "ghcr.io/example/cart:<img src=x onerror=alert(1)>"
    incident = await opened_incident(lab, agent, hostile)
    page, seen = await open_page(f"{agent.url}/incidents/{incident['id']}")
    page.on("dialog", lambda dialog: seen.errors.append(dialog.message))
    await expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()
    await expect(page.locator("img")).to_have_count(0)
    await is_well(page, seen, agent)


async def test_an_unknown_incident_and_an_unknown_page_say_so(agent: ConsoleAgent, open_page: OpenPage) -> None:
    page, _ = await open_page(f"{agent.url}/incidents/inc_made_up")
    await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such incident")
    page, _ = await open_page(f"{agent.url}/weather")
    await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")


async def test_filters_live_in_the_address_and_say_when_nothing_matches(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    await opened_incident(lab, agent)
    page, _ = await open_page(f"{agent.url}/incidents?cluster=beta")
    await expect(page.get_by_text("No unfinished incidents match 1 filter.")).to_be_visible()
    await page.get_by_role("button", name="Clear filters").click()
    await expect(page.locator("[data-incident]")).to_have_count(1)
    await page.keyboard.press("/")
    await page.keyboard.type("nothing like it")
    await expect(page).to_have_url(re.compile(r"q=nothing"))
    await expect(page.locator("[data-incident]")).to_have_count(0)


async def test_the_keyboard_reaches_an_incident_and_comes_back(
    lab: Lab, agent: ConsoleAgent, open_page: OpenPage
) -> None:
    incident = await opened_incident(lab, agent)
    page, _ = await open_page(agent.url)
    await expect(page.locator(".need")).to_have_count(1)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text(incident["title"])
    await page.keyboard.press("g")
    await page.keyboard.press("o")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("No single key writes anything.")


async def test_a_wrong_clock_on_the_reader_changes_no_age(lab: Lab, agent: ConsoleAgent, open_page: OpenPage) -> None:
    await opened_incident(lab, agent)
    page, _ = await open_page("about:blank")
    await page.clock.install()
    await page.clock.set_system_time("2001-01-01T00:00:00Z")
    await page.goto(agent.url)
    await expect(page.locator(".need-age")).to_have_text(re.compile(r"^unacknowledged \d+ s$"), timeout=SOON_MS)


async def test_an_agent_that_asks_for_a_token_gets_one_and_then_the_same_page(
    tmp_path: Path, open_page: OpenPage
) -> None:
    token = "a-token-for-this-test-only-0123456789"
    async with ConsoleAgent(tmp_path, api={"auth": "required", "bootstrap_token": token}) as agent:
        page, _ = await open_page(f"{agent.url}/fleet")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        await page.get_by_label("Token").fill("wrong")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("does not accept the token")
        assert await faults_in(page) == {}
        await page.get_by_label("Token").fill(token)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Fleet")
        await expect(page.locator('[data-live="Live"]')).to_be_visible()
        assert token not in page.url

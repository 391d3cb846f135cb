"""A browser for all tests of the console, a fleet for each test or for a whole module, and pages that report what went
wrong in them."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, ViewportSize, async_playwright, expect

from kronveil.lab import Lab, load_story, open_lab
from tests.dashboard.fleet import BAD, ConsoleAgent, set_image
from tests.real.waiting import eventually

CHROMIUM = Path(os.environ.get("KRONVEIL_CHROMIUM", "/usr/bin/chromium"))
CONSOLE = Path(__file__).parents[2] / "src" / "kronveil" / "api" / "console" / "index.html"
# All but the first two keep Chromium from calling home: a test reaches nothing but loopback.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]
# What a cluster may say about itself: markup, words in the other direction, and no end.
HOSTILE = "ghcr.io/example/search:<img src=x onerror=alert(1)>\u202e\u05e9\u05dc\u05d5\u05dd" + "-and-on" * 20
LAPTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}


@dataclass(frozen=True)
class Troubled:
    """A fleet that stands still in trouble: one incident over both clusters, and one whose words are hostile."""

    lab: Lab
    agent: ConsoleAgent
    wide: dict[str, Any]
    hostile: dict[str, Any]


@dataclass
class Seen:
    """What a page did that its reader cannot see."""

    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def hear(self, message: ConsoleMessage) -> None:
        """Keep what the browser logs as an error."""
        if message.type == "error":
            self.errors.append(message.text)


OpenPage = Callable[..., Awaitable[tuple[Page, Seen]]]


def _require() -> None:
    assert CHROMIUM.is_file(), f"no Chromium at {CHROMIUM}: run tools/install_chromium.py or set KRONVEIL_CHROMIUM"
    assert CONSOLE.is_file(), f"no built console at {CONSOLE}: run make setup"


@pytest.fixture(scope="session")
async def browser(anyio_backend: str) -> AsyncIterator[Browser]:
    _require()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens pages, each in a browser profile of its own."""
    async with AsyncExitStack() as opened:

        async def open_one(url: str, *, scheme: Any = "dark", size: ViewportSize = LAPTOP) -> tuple[Page, Seen]:
            context = await browser.new_context(color_scheme=scheme, viewport=size)
            opened.push_async_callback(context.close)
            page = await context.new_page()
            seen = Seen()
            page.on("console", seen.hear)
            page.on("pageerror", lambda error: seen.errors.append(str(error)))
            page.on("request", lambda request: seen.hosts.add(request.url.split("/")[2]))
            await page.goto(url)
            return page, seen

        yield open_one


@pytest.fixture
async def lab(anyio_backend: str) -> AsyncIterator[Lab]:
    async with open_lab(load_story(Path(__file__).with_name("quiet-fleet.yaml")), seed=1) as opened:
        yield opened


@pytest.fixture
async def agent(lab: Lab, tmp_path: Path) -> AsyncIterator[ConsoleAgent]:
    """An agent that watches every cluster of the lab."""
    kubeconfig = tmp_path / "kubeconfig"
    lab.write_kubeconfig(kubeconfig)
    async with ConsoleAgent(tmp_path, kubeconfig=kubeconfig, clusters=list(lab.clusters)) as running:
        yield running


@pytest.fixture(scope="module")
async def troubled(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Troubled]:
    """One agent for all tests of a module that only read, or put back what they changed."""
    folder = tmp_path_factory.mktemp("troubled")
    story = load_story(Path(__file__).with_name("quiet-fleet.yaml"))
    async with AsyncExitStack() as opened:
        lab = await opened.enter_async_context(open_lab(story, seed=1))
        lab.write_kubeconfig(folder / "kubeconfig")
        agent = ConsoleAgent(folder, kubeconfig=folder / "kubeconfig", clusters=list(lab.clusters))
        await opened.enter_async_context(agent)
        yield await make_trouble(lab, agent)


async def settles(page: Page, url: str) -> None:
    """Open an address and wait until the page is live and has nothing more to load."""
    await page.goto(url)
    await expect(page.locator('[data-live="Live"]')).to_be_visible(timeout=30_000)
    await expect(page.locator(".skeleton, .skeleton-space")).to_have_count(0)


async def make_trouble(lab: Lab, agent: ConsoleAgent) -> Troubled:
    """Break the cart everywhere and the search of alpha with a hostile name, and wait for both incidents."""
    await agent.all_heard()
    for cluster in ("alpha", "beta"):
        await set_image(lab, cluster, "cart", BAD)
    await set_image(lab, "alpha", "search", HOSTILE)

    async def wide() -> dict[str, Any] | None:
        return next((one for one in await agent.incidents() if len(one["children"]) == 2), None)

    async def hostile() -> dict[str, Any] | None:
        return next((one for one in await agent.incidents() if "search" in one["title"]), None)

    return Troubled(
        lab,
        agent,
        wide=await eventually(wide, "one incident speaks for both clusters", within_s=60) or {},
        hostile=await eventually(hostile, "the hostile image cannot be pulled", within_s=60) or {},
    )

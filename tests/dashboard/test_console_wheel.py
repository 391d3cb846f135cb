"""What is shipped is whole: the wheel carries the console and everything else that is no Python, and serves it well."""

import gzip
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import httpx2
import pytest

from tests.dashboard.conftest import CONSOLE
from tests.dashboard.fleet import ConsoleAgent

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]
PACKAGE = CONSOLE.parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """A wheel of this checkout, made as a release makes it; nothing is downloaded for it."""
    assert CONSOLE.is_file(), "no built console: run make setup"
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as opened:
        yield opened


@pytest.fixture(scope="module")
async def shipped(
    anyio_backend: str, wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ConsoleAgent]:
    """An agent that runs from the wheel and from nothing else."""
    installed = tmp_path_factory.mktemp("installed")
    wheel.extractall(installed)
    environment = {"PYTHONPATH": str(installed)}
    asked = [sys.executable, "-c", "import kronveil; print(kronveil.__file__)"]
    found = (await anyio.run_process(asked, env=environment)).stdout.decode()
    assert found.startswith(str(installed)), "the checkout must not answer in place of the wheel"
    async with ConsoleAgent(tmp_path_factory.mktemp("shipped"), environment=environment) as agent:
        yield agent


def test_everything_that_is_no_python_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    here = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert {"kronveil/py.typed", "kronveil/api/console/index.html", "kronveil/lab/stories/demo.yaml"} <= here
    assert here - inside == set()


def test_every_file_that_the_console_names_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    folder = "kronveil/api/console/"
    texts = [
        wheel.read(name).decode()
        for name in inside
        if name.startswith(folder) and name.endswith((".html", ".js", ".css"))
    ]
    named = {name for text in texts for name in re.findall(r"[\w-]+-[\w-]{8}\.(?:js|css|woff2|svg)\b", text)}
    assert len(named) >= 5
    assert {f"{folder}assets/{name}" for name in named} - inside == set()


def test_nothing_of_the_workshop_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    strangers = [
        name
        for name in wheel.namelist()
        if re.search(r"(^|/)(tests|node_modules|dashboard)/|\.(map|tsx?|pyc)$|__pycache__", name)
    ]
    assert strangers == []


async def test_the_wheel_serves_its_console_compressed_and_for_ever(
    shipped: ConsoleAgent, wheel: zipfile.ZipFile
) -> None:
    assets = [name for name in wheel.namelist() if "/console/assets/" in name]
    async with httpx2.AsyncClient(base_url=shipped.url, trust_env=False) as http:
        for name in assets:
            path = "/" + name.removeprefix("kronveil/api/console/")
            answer = await http.get(path)
            assert answer.content == wheel.read(name), "what is sent is what was built"
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            if name.endswith((".js", ".css")):
                assert answer.headers.get("content-encoding") == "gzip", name
                assert int(answer.headers["content-length"]) <= len(gzip.compress(wheel.read(name))) * 1.01
            again = await http.get(path, headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")


async def test_the_page_itself_is_asked_for_again_and_allows_no_script_but_its_own(shipped: ConsoleAgent) -> None:
    async with httpx2.AsyncClient(base_url=shipped.url, trust_env=False) as http:
        for path in ("/", "/incidents/inc_1", "/explore?q=1"):
            page = await http.get(path)
            assert page.headers["cache-control"] == "no-cache"
            policy = page.headers["content-security-policy"]
            assert "default-src 'self'" in policy or "default-src 'none'" in policy
            said = dict(directive.strip().split(" ", 1) for directive in policy.split(";") if " " in directive.strip())
            assert [name for name, sources in said.items() if "unsafe" in sources] in ([], ["style-src"])
            assert re.findall(r"<script(?![^>]*\bsrc=)", page.text) == []
            outside = re.findall(r"(?:src|href)=\"(https?:)?//", page.text)
            assert outside == []

"""The console's files: kept for ever or asked for again, packed for those who take it, and nothing from outside."""

import gzip

import pytest

from kronveil.api import ApiOptions
from tests.api.conforming import check_problem
from tests.api.conftest import client_of

pytestmark = pytest.mark.anyio

PAGE = "<!doctype html><title>Kronveil</title>" + " " * 2000
SCRIPT = "export const answer = 42;\n" * 100


@pytest.fixture
def built(tmp_path):
    return tmp_path / "console"


@pytest.fixture
async def console(desk, tmp_path, built):
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(PAGE)
    (built / "assets" / "app-1a2b.js").write_text(SCRIPT)
    (built / "assets" / "inter.woff2").write_bytes(b"\0" * 5000)
    (built / "kronveil.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("not yours")
    (built / "escape").symlink_to(tmp_path / "secret.txt")
    async with client_of(desk, ApiOptions(console=built)) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/index.html", "/incidents/inc-1", "/fleet/east?kind=pods", "/apiary"])
async def test_every_path_outside_the_api_answers_the_page(console, path):
    response = await console.get(path)
    assert (response.status_code, response.text) == (200, PAGE)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"


async def test_hashed_assets_may_be_kept_for_ever(console):
    response = await console.get("/assets/app-1a2b.js")
    assert response.text == SCRIPT
    assert response.headers["content-type"].startswith("text/javascript")
    assert "immutable" in response.headers["cache-control"]


async def test_an_asset_of_an_older_build_is_missing_and_not_the_page(console):
    response = await console.get("/assets/app-0000.js")
    check_problem(response, 404)


async def test_text_is_packed_for_those_who_take_it(console):
    async with console.stream("GET", "/assets/app-1a2b.js", headers={"Accept-Encoding": "br, gzip"}) as response:
        raw = b"".join([chunk async for chunk in response.aiter_raw()])
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) == len(raw) < len(SCRIPT)
    assert gzip.decompress(raw).decode() == SCRIPT
    for accepted in ("identity", "gzip;q=0", ""):
        response = await console.get("/assets/app-1a2b.js", headers={"Accept-Encoding": accepted})
        assert "content-encoding" not in response.headers
        assert response.headers["vary"] == "Accept-Encoding"


async def test_what_is_packed_already_is_sent_as_it_is(console):
    response = await console.get("/assets/inter.woff2", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in response.headers
    assert response.headers["content-type"] == "font/woff2"


async def test_a_page_that_did_not_change_is_not_sent_again(console, built):
    etag = (await console.get("/")).headers["etag"]
    again = await console.get("/", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    (built / "index.html").write_text("<!doctype html>rebuilt")
    assert (await console.get("/", headers={"If-None-Match": etag})).text == "<!doctype html>rebuilt"


async def test_head_answers_as_get_does(console):
    response = await console.head("/", headers={"Accept-Encoding": "identity"})
    assert response.status_code == 200
    assert response.headers["content-length"] == str(len(PAGE))


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/escape",
        "//etc/passwd",
        "/%00",
        "/a%5c..%5c",
    ],
)
async def test_nothing_outside_the_folder_is_served(console, path):
    response = await console.get(path)
    assert "not yours" not in response.text
    assert "root:" not in response.text
    assert response.status_code in {200, 404}


async def test_a_page_is_only_read(console):
    response = await console.post("/incidents")
    check_problem(response, 405)
    assert response.headers["allow"] == "GET, HEAD"


async def test_without_a_built_console_a_page_says_how_to_build_it(desk, tmp_path):
    async with client_of(desk, ApiOptions(console=tmp_path / "nothing")) as client:
        response = await client.get("/fleet")
    assert response.status_code == 503
    assert "make setup" in response.text
    assert "<script" not in response.text

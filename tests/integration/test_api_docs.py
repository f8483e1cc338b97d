"""What the HTTP API says of itself: its OpenAPI document, and the page made of it."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from scriptwriter.api.http_app import create
from tests.support.browsers import browser as open_browser
from tests.support.browsers import chromium
from tests.support.programs import client, served

STRICT = b"default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"


@pytest.fixture
def openapi() -> dict[str, Any]:
    return create().openapi()


def operations(openapi: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every route for other programs, by name."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/")
    ]


def test_every_route_says_what_it_does_who_may_and_what_can_go_wrong(openapi: dict[str, Any]) -> None:
    """In words, with both ways to sign, with a body for every status; and FastAPI's own 422 is nowhere."""
    names = set()
    for name, operation in operations(openapi):
        names.add(operation["operationId"])
        assert operation["summary"] and operation["description"], name
        assert operation["security"] == [{"token": []}, {"session": []}], name
        responses = operation["responses"]
        assert {"401", "503", "default"} <= {*responses} and "422" not in responses, name
        if "requestBody" in operation:
            assert {"400", "403", "413"} <= {*responses}, name
        if "project" in name:
            assert "404" in responses or name.endswith(("/api/projects", "/api/projects/import")), name
        for status, response in responses.items():
            schemas = [content.get("schema") for content in response.get("content", {}).values()]
            if status == "default" or (int(status) >= 400 and status != "409"):
                assert schemas == [{"$ref": "#/components/schemas/Problem"}], (name, status)
            elif status in ("200", "201", "202"):
                assert schemas and all(schemas), (name, status)
    assert len(names) == len(operations(openapi))
    assert openapi["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.styled = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(str(value))
            elif name in ("href", "src"):
                self.links.add(str(value))
            elif name == "style" or name.startswith("on"):
                self.styled = True


async def test_the_page_tells_everything_and_needs_nothing_from_elsewhere(openapi: dict[str, Any]) -> None:
    """Every route and every body, each link inside; no script, no style of its own, no other server."""
    async with client() as http:
        answer = await http.get("/api/docs")
        style = await http.get("/api/docs.css")
    page = Page()
    page.feed(answer.text)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert style.status_code == 200 and style.headers["content-type"].startswith("text/css")
    assert "script" not in page.tags and "style" not in page.tags and not page.styled
    for name, operation in operations(openapi):
        assert operation["operationId"] in page.ids, name
    assert {*openapi["components"]["schemas"]} <= page.ids
    inside = {link for link in page.links if link.startswith("#")}
    assert {link[1:] for link in inside} <= page.ids
    assert page.links - inside == {"/api/docs.css", "/api/openapi.json"}
    assert not re.search(r"url\(|@import|https?:", style.text)


async def test_the_page_shows_itself_under_the_strictest_policy() -> None:
    """In a browser, without a complaint, on a desktop and on a phone."""
    api = create()

    async def strict(scope: Any, receive: Any, send: Any) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", STRICT)
                message = {**message, "headers": [*message["headers"], policy]}
            await send(message)

        await api(scope, receive, with_policy)

    chromium()
    complaints: list[str] = []
    async with served(strict) as home, open_browser() as browser:
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(f"{home}/api/docs")
        background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        width = await page.evaluate("document.documentElement.scrollWidth")

    assert complaints == []
    assert background == "rgb(245, 239, 228)", "the style sheet was not applied"
    assert width == 390

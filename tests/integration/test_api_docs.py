"""The OpenAPI document of the HTTP API, and the documentation page that is made from it."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from scriptwriter.api.http_app import create
from scriptwriter.api.middleware.security_headers import hashes
from tests.support.browsers import browser as open_browser
from tests.support.browsers import chromium
from tests.support.programs import client, served


@pytest.fixture
def openapi() -> dict[str, Any]:
    return create().openapi()


def operations(openapi: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Name and operation object of every route under /api/."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in openapi["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/")
    ]


def test_every_route_documents_its_purpose_security_and_errors(openapi: dict[str, Any]) -> None:
    """Each status has a schema. FastAPI's own 422 does not appear."""
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


async def test_the_page_loads_nothing_from_elsewhere_and_allows_one_inline_script() -> None:
    """Its content policy names this server and the hash of the script that starts Swagger UI."""
    async with client() as http:
        answer = await http.get("/api/docs")
        loaded = re.findall(r'(?:href|src)="([^"]*)"', answer.text)
        files = [await http.get(address) for address in loaded if address.startswith("/api/docs/")]

    assert loaded and all(re.match(r"/(?!/)|data:", address) for address in loaded)
    assert [file.status_code for file in files] == [200, 200]
    policy = dict(each.split(" ", 1) for each in answer.headers["content-security-policy"].split("; "))
    assert policy["script-src"].split() == ["'self'", *hashes(answer.text)]
    assert policy["connect-src"] == "'self'" and "unsafe" not in policy["script-src"]


async def test_the_page_shows_every_route_under_its_content_policy(openapi: dict[str, Any]) -> None:
    """A browser of a phone's width logs no message and sends no request to another server."""
    chromium()
    complaints: list[str] = []
    hosts: set[str] = set()
    async with served(create()) as home, open_browser() as browser:
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        await page.goto(f"{home}/api/docs")
        for name, operation in operations(openapi):
            tag = operation["tags"][0]
            await page.locator(f"#operations-{tag}-{operation['operationId']}").wait_for()
            assert name.partition(" ")[2] in await page.locator("#swagger-ui").inner_text()

    assert complaints == []
    assert {host for host in hosts if host} == {urlsplit(home).netloc}

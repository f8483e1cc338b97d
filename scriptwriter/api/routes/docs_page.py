"""Owns the page that explains the API: its OpenAPI document as HTML, without a script, from here alone."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

OPENAPI = "/api/openapi.json"
DESCRIPTION = """What people do on the pages, other programs do here: the same services, the same checks.

A program shows a token of its person (`Authorization: Bearer sw_…`); a page of ours shows the session's
cookie. Bodies are JSON. Messages are in the language of Accept-Language: Chinese, or English."""

_STYLE_PATH = "/api/docs.css"
_STYLE = (Path(__file__).parent / "docs.css").read_text(encoding="utf-8")

router = APIRouter(include_in_schema=False)


@router.get(_STYLE_PATH)
async def style() -> Response:
    """The page's style sheet."""
    return Response(_STYLE, media_type="text/css", headers={"cache-control": "public, max-age=3600"})


@router.get("/api/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse(page(request.app.openapi()))


def page(openapi: dict[str, Any]) -> str:
    """An OpenAPI document (3.1, as FastAPI makes it) as a page."""
    title = escape(openapi["info"]["title"])
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title} API</title>",
            f'<link rel="stylesheet" href="{_STYLE_PATH}"></head><body><main>',
            f"<header><h1>{title} API</h1>{_prose(openapi['info'].get('description', ''))}",
            f'<p><a href="{OPENAPI}">OpenAPI document</a></p></header>',
            *_operations(openapi),
            "<h2>Bodies</h2>",
            *_schemas(openapi),
            "</main></body></html>",
        ]
    )


def _operations(openapi: dict[str, Any]) -> Iterator[str]:
    heading = None
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            tag = next(iter(operation.get("tags", [])), "")
            if tag != heading:
                yield f"<h2>{escape(tag)}</h2>"
                heading = tag
            yield f'<section id="{escape(operation["operationId"])}">'
            yield f"<h3><b>{method.upper()}</b> <code>{escape(path)}</code></h3>"
            yield _prose(operation.get("description", operation.get("summary", "")))
            yield _signers(operation)
            yield _parameters(operation.get("parameters", []))
            yield _request(operation.get("requestBody", {}))
            yield _responses(operation["responses"])
            yield "</section>"


def _signers(operation: dict[str, Any]) -> str:
    names = [name for each in operation.get("security", []) for name in each]
    return f'<p class="who">Signed by: {escape(" or ".join(names))}</p>' if names else ""


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = [
        (f"<code>{escape(each['name'])}</code>", escape(each["in"]), _type(each.get("schema", {})),
         _text(each), "required" if each.get("required") else "")
        for each in parameters
    ]  # fmt: skip
    return _table(("Parameter", "In", "Type", "", ""), rows)


def _request(body: dict[str, Any]) -> str:
    kinds = [_type(content["schema"]) for content in body.get("content", {}).values()]
    return f"<p>Body: {', '.join(kinds)}</p>" if kinds else ""


def _responses(responses: dict[str, Any]) -> str:
    rows = []
    for status, response in sorted(responses.items()):
        kinds = [_type(content.get("schema", {})) for content in response.get("content", {}).values()]
        rows.append((escape(status), _marked(response["description"]), ", ".join(kinds)))
    return _table(("Status", "", "Body"), rows)


def _schemas(openapi: dict[str, Any]) -> Iterator[str]:
    for name, schema in openapi.get("components", {}).get("schemas", {}).items():
        yield f'<section id="{escape(name)}"><h3><code>{escape(name)}</code></h3>{_text(schema)}'
        required = schema.get("required", [])
        rows = [
            (
                f"<code>{escape(field)}</code>",
                _type(each),
                _text(each),
                "required" if field in required else "",
            )
            for field, each in schema.get("properties", {}).items()
        ]
        yield _table(("Field", "Type", "", ""), rows) + "</section>"


def _type(schema: dict[str, Any]) -> str:
    """What a schema takes, in few words, with a link to a body of its own."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return escape(", ".join(map(str, schema.get("enum", [schema.get("const")]))))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if isinstance(inside := schema.get("additionalProperties"), dict):
        return f"object of {_type(inside)}"
    return escape(schema.get("format") or schema.get("type", "any"))


def _text(described: dict[str, Any]) -> str:
    examples = described.get("examples") or described.get("schema", {}).get("examples") or []
    shown = "".join(f' <span class="example">{escape(str(each))}</span>' for each in examples[:1])
    return _marked(described.get("description", "")) + shown


def _prose(text: str) -> str:
    return "".join(f"<p>{_marked(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _marked(text: str) -> str:
    """What stands in backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def _table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{each}</th>" for each in headings)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

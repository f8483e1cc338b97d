"""Export of a project as a file, and import of such a file as a new project."""

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from scriptwriter.api.auth.caller import Person
from scriptwriter.api.auth.request_language import language_of
from scriptwriter.api.error_responses import Problem, answers
from scriptwriter.api.routes.project_routes import CreatedProject
from scriptwriter.exports.document import Document, Selection
from scriptwriter.exports.idea_selection import read
from scriptwriter.exports.plain_text import markdown, plain
from scriptwriter.exports.word import word
from scriptwriter.operations import process_pool
from scriptwriter.services.transfer import storage
from scriptwriter.services.transfer.file_format import ProjectFile

router = APIRouter(prefix="/api/projects", tags=["projects"])


class _Form(NamedTuple):
    write: Callable[[Document], str | bytes]
    ending: str
    type: str


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_FORMS = {
    "text": _Form(plain, "txt", "text/plain; charset=utf-8"),
    "markdown": _Form(markdown, "md", "text/markdown; charset=utf-8"),
    "word": _Form(word, "docx", _WORD),
}
_NOT_IN_NAMES = '<>:"/\\|?*'
"""Characters that some system does not allow in a file name."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{project_id}/export",
    response_class=Response,
    responses={
        **answers(400, 401, 404, 413, 429),
        200: {
            "description": "The file",
            "content": {
                "application/json": {"schema": ProjectFile.model_json_schema()},
                **dict.fromkeys(("text/plain", "text/markdown", _WORD), _BINARY),
            },
        },
    },
)
async def export_project(
    project_id: str,
    person: Person,
    request: Request,
    format: Annotated[
        Literal["text", "markdown", "word", "json"], Query(description="json is the whole graph")
    ] = "markdown",
    ideas: Annotated[Selection, Query(description="Which ideas; json always has all")] = "keepers",
    mark: Annotated[bool, Query(description="Whether the text says that a model wrote it")] = True,
    language: Annotated[
        Literal["zh", "en"] | None, Query(description="By default that of Accept-Language")
    ] = None,
) -> Response:
    """Export the ideas of a project as a text, a Markdown or a Word file, or its whole graph as JSON."""
    if format == "json":
        name, content = await storage.export(project_id, person.id)
        return _attached(content, "application/json", f"{name}.json")
    document = await read(
        project_id, person.id, ideas, language=language or language_of(request), marked=mark
    )
    form = _FORMS[format]
    return _attached(
        await process_pool.run(person.id, form.write, document),
        form.type,
        f"{document.project}.{form.ending}",
    )


@router.post(
    "/import",
    status_code=201,
    responses={
        **answers(401, 403, 409, 413, 429),
        400: {"model": Problem, "description": "Not such a file; `errors` names the place in it, and why"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ProjectFile.model_json_schema()}},
        }
    },
)
async def import_project(request: Request, person: Person) -> CreatedProject:
    """Create a project from an exported JSON file. The caller becomes its owner.

    Persons in the file stay names, marked as imported; none of them becomes a user of this installation. A
    file with content that no export has is refused, and nothing changes.
    """
    return CreatedProject(
        project_id=await storage.import_project(await request.body(), person.id, language_of(request))
    )


def _attached(content: str | bytes, type: str, name: str) -> Response:
    """A download. `name` may contain anything that a person typed."""
    plain = "".join(sign if sign.isprintable() and sign not in _NOT_IN_NAMES else "_" for sign in name)
    return Response(
        content,
        media_type=type,
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{quote(plain[-120:].strip())}",
            # In development the page and this address have different ports.
            "access-control-expose-headers": "content-disposition",
        },
    )

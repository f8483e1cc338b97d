"""Error responses of the HTTP API: the table from error code to status, and the JSON body."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from scriptwriter.api.auth.request_language import language_of
from scriptwriter.domain.errors import Language, UnreadableFile, UserError
from scriptwriter.store.database import DATABASE_AWAY
from scriptwriter.texts import Text, api_texts

STATUS: Mapping[str, int] = {
    "signed_out": 401,
    "token_rejected": 401,
    "forbidden": 403,
    "origin_not_allowed": 403,
    "not_allowed": 403,
    "owners_only": 403,
    "not_found": 404,
    "project_not_found": 404,
    "access_removed": 404,
    "project_deleted": 404,
    "run_not_found": 404,
    "member_not_found": 404,
    "invitation_not_found": 404,
    "method_not_allowed": 405,
    "body_too_slow": 408,
    "already_running": 409,
    "nothing_to_retry": 409,
    "model_withdrawn": 409,
    "already_member": 409,
    "last_owner": 409,
    "already_invited": 409,
    "invitation_declined": 409,
    "too_many_invitations": 409,
    "invited_often": 409,
    "too_many_projects": 409,
    "body_too_large": 413,
    "too_much_work": 413,
    "too_many_starts": 429,
    "too_many_lookups": 429,
    "too_many_running": 429,
    "too_many_polls": 429,
    "busy_with_yours": 429,
    "too_many_at_once": 429,
    "unexpected": 500,
    "too_busy": 503,
    "service_away": 503,
    "sync_away": 503,
}
"""The HTTP status by error code. A code that is not listed is a request that is not valid: 400."""

FIELDS: Mapping[str, str] = {
    "name_required": "name",
    "name_too_long": "name",
    "description_too_long": "description",
    "person_not_found": "username",
    "role_unknown": "role",
    "model_not_offered": "params.model",
}
"""The request field that an error code is about."""

RETRY_AFTER = 5
"""Seconds for the Retry-After header if the error names none."""
_RETRIED = (429, 503)
_OF_STATUS = {401: "signed_out", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}

_log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """An error; `message` is in the language of Accept-Language, Chinese or English."""

    message: str = Field(examples=["项目不存在，或你没有访问权限"])
    code: str = Field(examples=["project_not_found"])
    errors: dict[str, list[str]] | None = Field(
        default=None,
        description="With `invalid_request`: the fields that are not valid, each with its reasons. With "
        "`file_unreadable`: the place in the file, with its reason.",
        examples=[{"params.platform": ["请输入目标平台"]}],
    )


class Invalid(Exception):
    """A request with fields that are not valid, each with one reason or several."""

    def __init__(self, fields: Mapping[str, Sequence[Text]]) -> None:
        self.fields = fields
        super().__init__(", ".join(fields))


_MEANINGS = {
    400: "Something in the request is not valid; `errors` names the fields",
    401: "Not signed in, or the token is not valid",
    403: "The person's role does not allow it, or another site sent the request",
    404: "No such project or no access to it, or nothing with this id in it",
    409: "It is so already, or not possible now; `message` says why",
    413: "The body is too large",
    429: "Too many requests, or too many at once; `Retry-After` says when to try again, in seconds",
    503: "The database or Electric is unavailable for a moment",
}
_ELSE = "Any other error, in the same form; 500 for a fault of this server"


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a FastAPI route: these statuses, 503 and a default, each with a Problem."""
    known = {status: {"model": Problem, "description": _MEANINGS[status]} for status in (*statuses, 503)}
    return {**known, "default": {"model": Problem, "description": _ELSE}}


def error_response(error: UserError, language: Language) -> JSONResponse:
    """The response for an error, with its message in `language`."""
    status = STATUS.get(error.code, 400)
    field = FIELDS.get(error.code)
    if status == 400 and field is not None:
        return refused({field: [error.text(language)]}, language)
    if isinstance(error, UnreadableFile):
        errors = {error.place or "body": [error.problem(language)]}
        return _answer(400, Problem(message=error.text(language), code=error.code, errors=errors))
    headers = {"retry-after": str(error.params.get("seconds", RETRY_AFTER))} if status in _RETRIED else {}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return _answer(status, Problem(message=error.text(language), code=error.code), headers)


def refused(fields: dict[str, list[str]], language: Language) -> JSONResponse:
    """A 400 response that names the fields that are not valid, each with its reasons."""
    error = UserError("invalid_request")
    return _answer(400, Problem(message=error.text(language), code=error.code, errors=fields))


def _answer(status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem.model_dump(exclude_none=True), status, headers)


async def _user_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, UserError)
    return error_response(error, language_of(request))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Invalid)
    language = language_of(request)
    reasons = {field: [getattr(text, language) for text in texts] for field, texts in error.fields.items()}
    return refused(reasons, language)


async def _of_fastapi(request: Request, error: Exception) -> JSONResponse:
    """The response for a request that does not match the models of its route."""
    assert isinstance(error, RequestValidationError)
    language = language_of(request)
    reasons: dict[str, list[str]] = {}
    for found in error.errors():
        inside = [str(part) for part in found["loc"][1:]] if found["type"] != "json_invalid" else []
        text = api_texts.FIELD_PROBLEMS.get(found["type"], api_texts.FIELD_WRONG)
        reason = getattr(text, language).format(**{"expected": "", **found.get("ctx", {})})
        reasons.setdefault(".".join(inside) or str(found["loc"][0]), []).append(reason)
    return refused(reasons, language)


async def _of_starlette(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    language = language_of(request)
    if error.status_code == 400:
        return refused({"body": [getattr(api_texts.FIELD_WRONG, language)]}, language)
    code = _OF_STATUS.get(error.status_code, "unexpected")
    return _answer(
        error.status_code, Problem(message=UserError(code).text(language), code=code), error.headers
    )


async def _away(request: Request, error: Exception) -> JSONResponse:
    _log.warning("database_away", path=request.url.path, cause=type(error).__name__)
    return error_response(UserError("service_away"), language_of(request))


def install(api: FastAPI) -> None:
    """Register the handlers on `api`. Unexpected exceptions are answered by the BodyLimit middleware."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]] = {
        UserError: _user_error,
        Invalid: _invalid,
        RequestValidationError: _of_fastapi,
        HTTPException: _of_starlette,
        **dict.fromkeys(DATABASE_AWAY, _away),
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)

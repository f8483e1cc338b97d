"""Schemathesis sends valid and invalid requests to the API, and compares the answers with the OpenAPI
document.
"""

import asyncio
from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from schemathesis import Case, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scriptwriter.api.http_app import create
from scriptwriter.services.accounts import api_tokens
from scriptwriter.store import database
from tests.security.conftest import Site
from tests.support.rooms import make_room

EXAMPLES = 25
"""Requests per operation."""
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

document = schemathesis.openapi.from_dict(create().openapi())


@pytest.fixture(scope="module")
def token(site: Site) -> Iterator[str]:
    """An API token of the owner of a project."""

    async def make() -> str:
        connection = database.connect(site.database_url)
        try:
            return await api_tokens.create((await make_room("contract-")).owner, "contract")
        finally:
            await connection.close()

    yield asyncio.run(make())


@document.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, deadline=None)
def test_an_operation_answers_as_its_document_says(case: Case, site: Site, token: str) -> None:
    """No operation answers with a 5xx, or with an undocumented status or body."""
    case.call_and_validate(
        base_url=site.url, headers={"Authorization": f"Bearer {token}"}, checks=CHECKS, timeout=20
    )


def test_the_document_names_every_route_of_the_api_that_is_not_hidden() -> None:
    """The test above therefore reaches every operation."""
    described = {path for path in create().openapi()["paths"] if path.startswith("/")}

    assert {"/healthz", "/readyz"} <= described
    assert len([operation for operation in document.get_all_operations()]) >= len(described)

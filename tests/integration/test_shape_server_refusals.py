"""Requests that the embedded shape server refuses."""

import httpx
import pytest

from tests.conformance.recording import Exchange, read_recording
from tests.support.shape_servers import SECRET, client, database, shape_server

_TABLES = """
CREATE TABLE notes (id int PRIMARY KEY, body text, e text, u text);
INSERT INTO notes VALUES (1, 'one', 'e', 'u');
CREATE TABLE hidden (secret text);
CREATE SEQUENCE counted;
"""


async def test_the_secret_is_checked_as_electric_checks_it(empty_database: str) -> None:
    """Recording 15 has 401 without it, with a wrong one or in a header, and 200 by either parameter."""
    recorded = [step for step in read_recording("15-secret-401.txt") if isinstance(step, Exchange)]
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        httpx.AsyncClient(base_url=url) as http,
    ):
        await connection.execute("CREATE TABLE sec (id int PRIMARY KEY); INSERT INTO sec VALUES (1)")
        for exchange in recorded:
            target = exchange.target.replace("s3cret", SECRET.replace(" ", "%20"))

            response = await http.request(exchange.method, target, headers=exchange.request_headers)

            assert response.status_code == exchange.status, exchange
            if exchange.status == 401:
                assert response.text == exchange.body
                assert set(response.headers) == set(exchange.headers)
    assert [exchange.status for exchange in recorded].count(401) == 3


@pytest.mark.parametrize(
    "where",
    [
        "true) UNION SELECT secret, secret, secret, secret FROM hidden --",
        "true) OR (true",
        "id = 1; DROP TABLE notes",
        "id IN (SELECT 1)",
        "EXISTS (SELECT FROM hidden)",
        "pg_sleep(10) IS NULL",
        "nextval('counted') > 0",
        '"pg_sleep"(10) IS NULL',
        "public.pg_sleep(10) IS NULL",
        "body = e'\\' OR nextval(''counted'') > 0 --'",
        "body = E'\\' OR nextval(''counted'') > 0 --'",
        "U&'\\0061' = u",
        'u &U&"\\0062ody" = u',
        "body = $$x$$",
        "body = $1$x$",
        "id = 1 /* */",
        "(id, body) = (1, 'one')",
        "id OPERATOR(pg_catalog.=) 1",
        "body::regclass IS NOT NULL",
        "id = 1 RETURNING id",
        "id = 1 FOR UPDATE",
        "id = 1 INTO notes",
        "current_setting('x') = ''",
        "body COLLATE \"C\" = 'x'",
        "id = 1\u00a0OR true",
        "id = 1\x00",
        "xmin = 1",
        "notes.id = 1",
        "id",
        "((id = 1)",
    ],
)
async def test_a_where_clause_can_only_be_a_condition_on_the_table(where: str, empty_database: str) -> None:
    """Each of these gets a 400 with a reason, and changes nothing in the database."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_TABLES.encode())

        query = {"table": "notes", "offset": "-1", "where": where, "params[1]": "x"}
        response = await http.get("/v1/shape", params=query)

        assert response.status_code == 400, response.text
        assert response.json()["errors"]["where"]
        used = await connection.execute("SELECT is_called FROM counted")
        assert await used.fetchone() == (False,)


async def test_a_parameter_is_always_a_value(empty_database: str) -> None:
    """A parameter that looks like SQL is compared as text."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute(_TABLES.encode())
        evil = "x' OR '1'='1"
        await connection.execute("INSERT INTO notes VALUES (2, %s)", (evil,))

        query = {"table": "notes", "offset": "-1", "where": "body = $1", "params[1]": evil}
        response = await http.get("/v1/shape", params=query)

        assert [row["value"]["id"] for row in response.json() if "value" in row] == ["2"]


async def test_unusual_table_and_column_names_are_quoted(empty_database: str) -> None:
    """Names with quotes, capitals, spaces and dots are served."""
    async with (
        database(empty_database) as connection,
        shape_server(empty_database) as url,
        client(url) as http,
    ):
        await connection.execute('CREATE TABLE "a.""b C" ("I""d" int PRIMARY KEY, "x,y" text)')
        await connection.execute('INSERT INTO "a.""b C" VALUES (1, \'v\')')

        query = {"table": '"a.""b C"', "offset": "-1", "columns": '"I""d","x,y"', "where": '"I""d" = 1'}
        response = await http.get("/v1/shape", params=query)

        assert response.status_code == 200, response.text
        assert response.json()[0]["value"] == {'I"d': "1", "x,y": "v"}
        assert response.json()[0]["key"] == '"public"."a.""b C"/"1"'


async def test_system_catalogs_are_not_served(empty_database: str) -> None:
    """This covers pg_catalog and information_schema."""
    async with shape_server(empty_database) as url, client(url) as http:
        for table in ("pg_catalog.pg_authid", "information_schema.sql_features"):
            response = await http.get("/v1/shape", params={"table": table, "offset": "-1"})

            assert response.status_code == 500
            assert "cannot add relation" in response.text

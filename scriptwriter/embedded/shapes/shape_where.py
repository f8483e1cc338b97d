"""The where clauses that a shape may have, checked token by token.

The clause becomes part of a SELECT. This check makes sure that it is one boolean expression over one table:
it refuses every unknown token, and what Electric refuses.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


class WhereRefused(Exception):
    """A shape cannot have this clause. The text is Electric's reason."""


@dataclass(frozen=True)
class Where:
    """A checked clause.

    `sql` numbers the used parameters from 1. `source` is the clause with every token at its place, and
    `param_places` has the places of its parameters (start, length, number).
    """

    sql: str
    params: tuple[str, ...]
    source: str
    param_places: tuple[tuple[int, int, int], ...]
    given: Mapping[int, str]
    key: str

    @property
    def only_column(self) -> str | None:
        """The column of a clause `column = $1`, whose value a notification names; None for other clauses."""
        found = re.fullmatch(r'(?P<quote>"?)(?P<column>\w+)(?P=quote) = \$[0-9]+', self.key, re.ASCII)
        return found and found["column"]


# Python's \s and \w match more characters than Postgres' lexer does, so they are not used here.
_LETTER = "A-Za-z_\u0080-\U0010ffff"
_TOKEN = re.compile(
    rf"""(?P<space>[ \t\n\r\f]+|--[^\n\r]*)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")+")
    |(?P<param>\$[0-9]+)(?![0-9{_LETTER}$])
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![0-9{_LETTER}])
    |(?P<name>[{_LETTER}][0-9{_LETTER}$]*)
    |(?P<cast>::)
    |(?P<mark>[()\[\],.])
    |(?P<operator>[+*/<>=~!@\#%^&|`?-]+)""",
    re.VERBOSE,
)
_OPERATORS = {
    "=", "<>", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "^", "||", "&&", "@>", "<@", "&", "|", "#",
    "<<", ">>",
}  # fmt: skip
_WORDS = {
    "and", "or", "not", "is", "null", "true", "false", "in", "between", "symmetric", "like", "ilike", "any",
    "all", "some", "array", "distinct", "from", "unknown", "cast", "as", "isnull", "notnull",
}  # fmt: skip
_CALLABLE_WORDS = {
    "and", "or", "not", "in", "any", "all", "some", "cast", "between", "like", "ilike", "from", "as",
}  # fmt: skip
_FUNCTIONS = {"lower", "upper", "coalesce", "array_append", "array_prepend", "array_cat", "array_ndims"}
_TYPES = {
    "bool", "boolean", "int2", "smallint", "int4", "int", "integer", "int8", "bigint", "float4", "real",
    "float8", "numeric", "decimal", "text", "varchar", "uuid", "date", "time", "timetz", "timestamp",
    "timestamptz", "interval", "jsonb",
}  # fmt: skip
_SESSION_VALUES = {
    "current_user", "session_user", "user", "current_role", "current_date", "current_time",
    "current_timestamp", "localtime", "localtimestamp", "current_catalog", "current_schema",
}  # fmt: skip
_BEFORE_GROUPS = {"and", "or", "not", "between"}
_CLAUSES = {
    "order", "group", "having", "window", "for", "fetch", "union", "intersect", "except", "into",
    "returning",
}  # fmt: skip
_PARSER_PREFIX = 15  # Electric parses `SELECT 1 WHERE …` and counts a syntax error from there


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        return self.text.lower() if self.kind == "name" else self.text


def check_where(clause: str, params: Mapping[int, str], columns: Collection[str]) -> Where:
    """Check every token of a clause.

    `params` are the values by number, `columns` the names of the table's columns. Raises WhereRefused with
    Electric's reason (recordings 03, 07, 10, 21).
    """
    tokens = _without_limit(_tokens(clause))
    for index, token in enumerate(tokens):
        _check_token(tokens, index, token, params, columns)
    _check_brackets(tokens)
    return _assemble(tokens, params)


def _tokens(clause: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(clause):
        match = _TOKEN.match(clause, at)
        if match is None:
            if clause[at] == ";":
                raise WhereRefused('unescaped ";" causing statement split')
            raise _syntax_error(at, clause[at])
        kind, text = str(match.lastgroup), match.group()
        if kind == "operator":
            text = _one_operator(text)
        if kind in ("string", "quoted") and _changes_lexer(clause, at):
            raise _syntax_error(at, text)
        if kind != "space":
            found.append(_Token(kind, text, at))
        at += len(text)
    return found


def _changes_lexer(clause: str, at: int) -> bool:
    # This lexer does not have the rules of E'…', U&'…' and similar strings.
    before = clause[:at][-2:].lower()
    return before == "u&" or (bool(before) and re.fullmatch(f"[0-9{_LETTER}$'\"]", before[-1]) is not None)


def _syntax_error(at: int, text: str) -> WhereRefused:
    return WhereRefused(f'At location {at + _PARSER_PREFIX}: syntax error at or near "{text}"')


def _one_operator(text: str) -> str:
    # Postgres' rule: an operator ends in + or - only if it holds one of these characters.
    while len(text) > 1 and text[-1] in "+-" and not set(text) & set("~!@#%^&|`?"):
        text = text[:-1]
    return text


def _without_limit(tokens: list[_Token]) -> list[_Token]:
    # Electric ignores a trailing LIMIT or OFFSET.
    while len(tokens) > 2 and tokens[-2].word in ("limit", "offset") and tokens[-1].kind == "number":
        tokens = tokens[:-2]
    return tokens


def _check_token(
    tokens: Sequence[_Token], index: int, token: _Token, params: Mapping[int, str], columns: Collection[str]
) -> None:
    before = tokens[index - 1] if index else None
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    calls = after is not None and after.text == "("
    if token.kind == "operator" and token.text not in _OPERATORS:
        raise WhereRefused(f'At location {token.at}: unknown binary operator "{token.text}"')
    if token.kind == "param" and int(token.text[1:]) not in params:
        raise WhereRefused(f"At location {token.at}: parameter {token.text} was not provided")
    if token.kind not in ("name", "quoted"):
        return
    if (after is not None and after.text == ".") or (before is not None and before.text == "."):
        raise WhereRefused(f"At location {token.at}: unknown reference {_dotted(tokens, index)}")
    if token.kind == "quoted":
        if calls or token.text[1:-1].replace('""', '"') not in columns:
            raise WhereRefused(f"At location {token.at}: unknown reference {token.text}")
        return
    if before is not None and (before.kind == "cast" or before.word == "as"):
        if token.word not in _TYPES:
            raise WhereRefused(f"At location {token.at}: unsupported type {token.word}")
        return
    _check_word(tokens, index, columns)


def _check_word(tokens: Sequence[_Token], index: int, columns: Collection[str]) -> None:
    token = tokens[index]
    word, after = token.word, tokens[index + 1] if index + 1 < len(tokens) else None
    calls = after is not None and after.text == "("
    if word == "select":
        raise WhereRefused(f"At location {token.at}: this server has no subqueries")
    if word in _CLAUSES:
        raise WhereRefused("malformed query ending with SQL clauses")
    if word in _SESSION_VALUES:
        raise WhereRefused(f"At location {token.at}: SQLValueFunction is not supported in this context")
    if word == "case":
        raise WhereRefused(f"At location {token.at}: CaseExpr is not supported in this context")
    if word == "collate":
        raise WhereRefused(f"At location {token.at}: CollateClause is not supported in this context")
    if word == "where":
        raise _syntax_error(token.at, token.text)
    if calls and word not in _CALLABLE_WORDS and word not in _FUNCTIONS:
        if [t.text for t in tokens[index + 1 : index + 4]] == ["(", "*", ")"]:
            raise WhereRefused(f"At location {token.at}: aggregation is not supported in this context")
        raise WhereRefused(
            f"At location {token.at}: unknown or unsupported function {word}/{_arity(tokens, index + 1)}"
        )
    is_typed_literal = word in _TYPES and after is not None and after.kind == "string"
    if not calls and word not in _WORDS and word not in columns and not is_typed_literal:
        raise WhereRefused(f"At location {token.at}: unknown reference {token.text}")


def _dotted(tokens: Sequence[_Token], index: int) -> str:
    end = index
    while end < len(tokens) and (tokens[end].text == "." or tokens[end].kind in ("name", "quoted")):
        end += 1
    return "".join(token.text for token in tokens[index:end])


def _arity(tokens: Sequence[_Token], opening: int) -> int:
    depth, commas, inside = 0, 0, 0
    for token in tokens[opening:]:
        depth += (token.text in "([") - (token.text in ")]") if token.kind == "mark" else 0
        if depth == 0:
            break
        commas += token.text == "," and depth == 1
        inside += 1
    return commas + 1 if inside > 1 else 0


def _check_brackets(tokens: Sequence[_Token]) -> None:
    opened: list[tuple[str, bool]] = []  # closing mark, and whether a comma inside would make a row
    for index, token in enumerate(tokens):
        if token.kind != "mark":
            continue
        if token.text == "(":
            before = tokens[index - 1] if index else None
            is_call = before is not None and before.kind == "name" and before.word not in _BEFORE_GROUPS
            opened.append((")", not is_call))
        elif token.text == "[":
            opened.append(("]", False))
        elif token.text in ")]" and (not opened or opened.pop()[0] != token.text):
            raise _syntax_error(token.at, token.text)
        elif token.text == "," and (not opened or opened[-1][1]):
            following = next((t.at for t in tokens[index:] if t.kind == "operator"), token.at)
            raise WhereRefused(f"At location {following}: Could not select an operator overload")
    if opened:
        end = tokens[-1].at + len(tokens[-1].text)
        raise WhereRefused(f"At location {end + _PARSER_PREFIX}: syntax error at end of input")


def _assemble(tokens: Sequence[_Token], params: Mapping[int, str]) -> Where:
    used = sorted({int(token.text[1:]) for token in tokens if token.kind == "param"})
    source, sql = "", []
    for token in tokens:
        source += " " * (token.at - len(source)) + token.text
        sql.append(f"${used.index(int(token.text[1:])) + 1}" if token.kind == "param" else token.text)
    values = tuple(params[number] for number in used)
    places = tuple((t.at, len(t.text), int(t.text[1:])) for t in tokens if t.kind == "param")
    key = " ".join(token.word for token in tokens)
    return Where(" ".join(sql), values, source, places, {n: params[n] for n in used}, key)

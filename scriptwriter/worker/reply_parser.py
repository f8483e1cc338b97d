"""Reads ideas from a reply that is still growing.

An idea is the outermost object with a key for a title or a body (TITLES, BODIES). Whatever surrounds it
(prose, code fences, a wrapping object or list, further fields) is ignored, and so are thoughts, which stand
between marks (`_THOUGHTS`).

The JSON may be broken in the ways in which models break it: quotes that are not escaped, quotes and brackets
of other scripts, single quotes, comments, missing or additional commas, a missing bracket. A quote ends a
text only where a bracket, a colon or the next key follows. A text in which the JSON of another field is left
is never finished.

Some replies can be read at their end only (`end`): thoughts that never end, JSON inside of a JSON string, and
numbered lists. Reading costs time in proportion to the length of the reply.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import unescape

from scriptwriter.domain.base_values import BODY, TITLE
from scriptwriter.domain.graph import Idea
from scriptwriter.domain.run_context import MOST_REPLY

TITLES: tuple[str, ...] = (
    *("title", "标题", "標題", "题目", "剧名", "片名", "故事标题", "创意标题", "故事名"),
    *("ideatitle", "storytitle", "headline"),
    *("タイトル", "題名", "제목", "titulo", "título", "judul"),
)
BODIES: tuple[str, ...] = (
    *("body", "正文", "内容", "內容", "梗概", "故事梗概", "故事", "剧情", "剧情梗概", "故事内容", "故事简介"),
    *("简介", "内容简介", "大纲", "故事大纲", "content", "ideabody", "story", "synopsis", "plot"),
    *("本文", "あらすじ", "내용", "본문", "cuerpo", "contenido", "corpo", "conteúdo", "isi"),
)
"""The keys of a title and of a body, the best first, as `_name` spells them."""

_WEAK_TITLES = ("name", "名称", "名字", "剧集名称")
_WEAK_BODIES = (
    *("summary", "description", "text", "描述", "概要", "outline", "logline", "idea", "创意", "想法"),
)
"""Keys that complete an idea, but make none: further fields have these names, too."""

EXAMPLES = frozenset(
    ("title", each) for each in ("标题", "新标题", "3到7个汉字的标题", "string", "...", "…", "……")
) | frozenset(("body", each) for each in ("正文", "理由", "180字左右的故事梗概", "string", "...", "…", "……"))
"""Titles and bodies of the prompt's own example and of its schema, which some models repeat first."""

_SCHEMA_KEYS = frozenset({"properties", "defs", "schema", "additionalproperties", "required", "anyof"})
_SCHEMA_TYPES = frozenset({"string", "object", "array", "number", "integer", "boolean"})

_PREAMBLE = 400
"""After so many characters without JSON the reply is taken for a thought without an opening mark."""

_MOST_DEPTH = 60
_MOST_COMMENT = 2000

_CLOSERS = {
    '"': '"', "“": "”“\"", "”": "”\"", "„": "”“\"", "'": "'", "‘": "’'", "’": "’'", "＂": '＂"', "「": "」",
    "『": "』", "`": "`",
}  # fmt: skip
"""For each opening quote, the quotes that may close it."""

_Q = r"""["“”„'‘’＂「」『』`]"""
_NO_Q = r"""[^"“”„'‘’＂「」『』`\n]"""
_KEY = rf"(?:{_Q}{_NO_Q}{{0,60}}{_Q}\s{{0,9}}[:：]|[A-Za-z_]\w{{0,29}}\s{{0,9}}:\s{{0,9}}(?:{_Q}|[\[{{\d]))"
_FOLLOWS = {
    "key": r"\s{0,99}[:：,，}\]｝］]",
    "value": (
        rf"\s{{0,99}}(?:[}}\]｝］]|[,，]\s{{0,99}}(?:{_KEY}|[}}\]｝］{{｛]|//|/\*)"
        rf"|{_KEY}|[{{｛]\s{{0,9}}{_Q}|//|/\*)"
    ),
    "item": rf"\s{{0,99}}(?:[}}\]｝］]|[,，]\s{{0,99}}(?:{_Q}|[\[{{｛\]］]|//|/\*))",
}
"""What follows the quote that ends a key, the value of a key, or an item of a list."""
_CUT_SHORT = (
    rf"\s{{0,99}}(?:[,，]?\s{{0,99}}(?:/|[{{｛]\s{{0,9}}|{_Q}{_NO_Q}{{0,60}}(?:{_Q}\s{{0,9}})?"
    r"|[A-Za-z_]\w{0,29}\s{0,9}:?\s{0,9})?)?\Z"
)
"""What may follow a quote where the text so far does not yet say whether the quote ends."""
_FIRST_KEY = "|".join((*TITLES, "Title", "TITLE"))
_NEXT_IDEA = rf"\s{{0,9}}[,，]?\s{{0,9}}\{{\s{{0,9}}{_Q}(?:{_FIRST_KEY}){_Q}\s{{0,9}}[:：]"
_NEXT_CUT_SHORT = rf"\s{{0,9}}[,，]?\s{{0,9}}(?:\{{\s{{0,9}}(?:{_Q}\w{{0,12}}{_Q}?\s{{0,9}})?)?\Z"


def _runs(place: str) -> dict[str, re.Pattern[str]]:
    """For each opening quote, the part of a string that is read at once: up to what may be its end."""
    follows = _FOLLOWS[place]
    return {
        opening: re.compile(
            rf"(?:[^\\}}{closers}]++|\\.|[{closers}](?!{follows}|{_CUT_SHORT})"
            rf"|\}}(?!{_NEXT_IDEA}|{_NEXT_CUT_SHORT}))*+",
            re.DOTALL,
        )
        for opening, closers in _CLOSERS.items()
    }


_RUNS = {place: _runs(place) for place in _FOLLOWS}
_ENDS = {place: re.compile(follows) for place, follows in _FOLLOWS.items()}
_NEXT = re.compile(rf"\}}{_NEXT_IDEA}")

_THOUGHT = r"(?:\w{1,20}:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad|analysis|思考)"
_OPENING = (
    rf"<\s?{_THOUGHT}(?:\s[^<>]{{0,60}})?>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|thinking\|>"
    rf"|<unused94>"
    r"|<\|?channel\|?>\s{0,9}(?:analysis|commentary|thought)|&lt;think(?:ing)?&gt;"
)
_CLOSING = (
    rf"<\s?/\s?{_THOUGHT}\s?>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|/thinking\|>|<unused95>"
    r"|<\|?channel\|?>\s{0,9}final|<channel\|>|assistantfinal|&lt;/think(?:ing)?&gt;"
)
"""The table of marks of thoughts: tags, and the channels of open-weight models."""
_THOUGHT_ENDS = re.compile(_CLOSING, re.IGNORECASE)
_START = re.compile(
    rf"{_OPENING}|[{{\[｛［](?=\s{{0,99}}(?:{_Q}|[{{\[\]}}｛［］｝]|//|/\*|(?:title|body|ideas)\s{{0,9}}:))",
    re.IGNORECASE,
)
_PERHAPS_START = re.compile(
    r"(?:[<&][^<>\n]{0,80}|\[\w{0,5}|◁\w{0,6}|[{\[｛［]\s{0,99}(?:/|\w{0,6}\s{0,9})?)\Z"
)
_LONGEST_MARK = 60

_TOKEN = re.compile(r"""[{}\[\]｛｝［］,，:：\\"“”„'‘’＂「『`]|//|/\*|[^\W\d]\w{0,39}(?=\s{0,9}[:：])""")
_PERHAPS_TOKEN = re.compile(r"(?:/|\w{1,40}\s{0,9})\Z")
_BRACKETS = {"｛": "{", "｝": "}", "［": "[", "］": "]"}

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_HALF_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_MEANING = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", "0": ""}
_CONTROL = {code: " " for code in range(0x20)}
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_LEFT_OVER = re.compile(
    rf"""["”]\s{{0,9}}[,，]\s{{0,9}}{_Q}{_NO_Q}{{1,40}}{_Q}\s{{0,9}}[:：]"""
    rf"""|[{{\[]\s{{0,9}}\\?["“']{_NO_Q}{{1,40}}\\?["”']\s{{0,9}}[:：]"""
    rf"""|"(?:{"|".join(TITLES + BODIES)})"\s{{0,9}}[:：]"""
)
"""JSON of another field inside of a text."""

_AROUND_TITLE = {
    **{"《": "》", "〈": "〉", "「": "」", "『": "』", "【": "】", "“": "”"},
    **{'"': '"', "'": "'", "*": "*", "_": "_", "`": "`"},
}
_DIGIT = r"[\d一二三四五六七八九十]"
_NUMBER = re.compile(
    rf"(?:[【\[(]?(?:创意|想法|故事|idea)\s{{0,3}}{_DIGIT}{{1,3}}\s?[】\]).、．）:：]|\d{{1,2}}\s?[.、．)）:：])\s{{0,9}}(?=\D)",
    re.IGNORECASE,
)
_BLANK = r"[ \t]{0,9}"
_COLON = rf"{_BLANK}(?:\*\*)?{_BLANK}[:：]{_BLANK}(?:\*\*)?{_BLANK}"
_LABEL = re.compile(rf"(?:{'|'.join(TITLES + BODIES)}){_COLON}", re.IGNORECASE)
_BODY_LABEL = re.compile(rf"(?:{'|'.join(BODIES[:5])}){_COLON}", re.IGNORECASE)
_TITLE_LABEL = re.compile(rf"(?:{'|'.join(TITLES)}){_COLON}", re.IGNORECASE)
_TAGS = re.compile(
    rf"<(?:{'|'.join(TITLES)})>([^<>]{{1,200}})</[^<>]{{1,20}}>\s{{0,99}}"
    rf"<(?:{'|'.join(BODIES)})>([^<>]{{1,{BODY}}})</",
    re.IGNORECASE,
)
_LOOSE_HEADING = re.compile(
    rf"{_BLANK}(?:(?:\#{{1,6}}{_BLANK})?(?:{_DIGIT}{{1,3}}[.、．)）]{_BLANK})?\*\*(?P<named>[^*\n]{{1,40}})\*\*(?P<rest>[^\n]{{0,9999}})"
    rf"|(?:\#{{1,6}}{_BLANK}|{_DIGIT}{{1,3}}[.、．)）]{_BLANK})(?P<labelled>[^\n，。！？,.!?:：]{{1,20}})$)",
)
"""A heading that may also be one of a plan, so that the number of the ideas and their length count, too."""
_LEAST_BODY = 40
_HEADING = re.compile(
    rf"{_BLANK}(?:[-*+>][ \t]{{1,9}})?(?:\#{{1,6}}{_BLANK})?(?:\*\*)?{_BLANK}"
    rf"(?:(?:创意|想法|故事|idea)?[ \t]{{0,3}}{_DIGIT}{{1,3}}[ \t]?[.、．:：)）]{_BLANK})?(?:\*\*)?"
    rf"(?:(?:{'|'.join(TITLES)}){_COLON}(?P<labelled>[^\n]{{1,99}})"
    r"|(?:\*\*)?《(?P<named>[^《》\n]{1,60})》(?:\*\*)?(?P<rest>[^\n]{0,9999}))",
    re.IGNORECASE,
)
_NO_BODY = re.compile(
    rf"[#*\-=_ \t]{{0,19}}(?:创意|想法|故事|idea|story)?[ \t]{{0,3}}{_DIGIT}{{0,3}}[ \t]?[.、:：)）]?"
    r"[ \t*\-=_]{0,99}$|以上|希望|如果你|如果您|如需|let me know|hope|i hope",
    re.IGNORECASE,
)
"""A line of a list that is no part of a body: a number, a rule, or polite words at the end."""
_END = "\n\x00"
"""Behind the text, it says that nothing more follows a quote."""
_BARE = dict.fromkeys(map(ord, " \t\n\r"))
_ESCAPED = tuple(f"{bracket}{quote}" for bracket in ("{", "[", "[{") for quote in ("\\", "&quot;"))
"""How a reply begins whose quotes are escaped although there is no string around it."""
_SEPARATORS = " \t:：-—–|*."


def _name(key: str) -> str:
    """A key as TITLES and BODIES spell it: its letters, in small."""
    return "".join(filter(str.isalpha, key[:60].lower()))


@dataclass(slots=True)
class _Open:
    """A bracket that is not closed yet; of an object, its current key and the texts of its fields."""

    bracket: str
    start: int
    key: str = ""
    word: str = ""
    valued: bool = False
    fields: dict[str, list[str]] = field(default_factory=dict)
    refused: bool = False

    def has(self, names: tuple[str, ...]) -> bool:
        return not self.fields.keys().isdisjoint(names)


class GrowingReply:
    """The first `count` ideas of a growing reply.

    An idea with the title or the body of one of `known`, or of an earlier idea of the reply, is left out.
    """

    def __init__(self, count: int, known: Sequence[Idea] = ()) -> None:
        self._count = count
        self._before = tuple(known)
        self._titles, self._bodies = TITLES, BODIES
        self._text = ""
        self._marked = 0
        self._begin()
        self._closed: list[Idea] = []
        self._nested: list[str] = []
        self._answers: list[tuple[_Open, _Open, Idea]] | None = None
        self._thinking = False
        self._thought_from = 0
        self._began = False
        self._readable = False
        self._forget()

    def _begin(self, at: int = 0) -> None:
        """Be outside of any bracket at the place `at` of the text."""
        self._at = at
        self._stack: list[_Open] = []
        self._place = ""
        self._quote = '"'
        self._string = 0
        self._candidate: _Open | None = None

    def _forget(self) -> None:
        """Know no idea of this reply."""
        self._closed.clear()
        self._known = {mark for idea in self._before for mark in _identity(idea)} | EXAMPLES

    @property
    def finished(self) -> int:
        """How many ideas are written to their end."""
        return sum(idea.status == "finished" for idea in self._closed)

    @property
    def complete(self) -> bool:
        """Whether all wanted ideas are finished."""
        return self.finished >= self._count

    @property
    def straight(self) -> bool:
        """Whether the reply began with JSON, so that what is complete cannot turn out to be a thought."""
        return self._text.lstrip()[:1] in ("{", "[", "`") or bool(_THOUGHT_ENDS.search(self._text))

    @property
    def readable(self) -> bool:
        """Whether the reply held any idea, even one that was left out."""
        return self._readable

    @property
    def inside(self) -> bool:
        """Whether the reply so far ends inside of an idea."""
        return self._candidate is not None and len(self._closed) < self._count

    @property
    def full(self) -> bool:
        """Whether the reply has reached MOST_REPLY characters; the rest is not read."""
        return len(self._text) >= MOST_REPLY

    @property
    def text(self) -> str:
        """The reply so far, as it came."""
        return self._text

    @property
    def size(self) -> int:
        """The number of characters of all ideas so far."""
        return sum(len(idea.title) + len(idea.body) for idea in self.ideas())

    def feed(self, text: str) -> None:
        """Append the next piece of the reply, of any length."""
        self._text += text[: MOST_REPLY - len(self._text)]
        while closing := _THOUGHT_ENDS.search(self._text, self._marked):
            self._read(closing.start())
            if not self._thinking:
                # Some servers leave out the opening mark: everything before was a thought.
                self._forget()
            self._thinking, self._began = False, True
            self._begin(closing.end())
            self._marked = closing.end()
        self._marked = max(self._marked, len(self._text) - _LONGEST_MARK)
        self._read(len(self._text))

    def ideas(self) -> tuple[Idea, ...]:
        """The ideas so far, in order; the last one may be `writing`.

        An idea that was closed without a title or a body is `unfinished`. An idea is withheld while its
        growing title could still become the title of an earlier idea.
        """
        if self._candidate is None or len(self._closed) >= self._count:
            return tuple(self._closed)
        fields = self._candidate.fields
        if self._place in ("value", "item") and (name := self._field()):
            growing = self._text[self._string : min(self._at, self._string + 2 * BODY)]
            fields = fields | {name: [*fields.get(name, ()), _unescaped(_HALF_ESCAPE.sub("", growing))]}
        draft = self._idea(fields, "writing")
        return tuple(self._closed) if self._repeats(draft) else (*self._closed, draft)

    def end(self, *, whole: bool) -> None:
        """Read what can be read at the end of the reply only; `whole`: the endpoint says that it is all."""
        if whole and self._candidate is not None:
            self._end_last()
        if whole and self._text[:99].translate(_BARE).startswith(_ESCAPED):
            self._forget()
            self._begin(len(self._text))
            self._take(_within_strings(unescape(_unescaped(self._text)), self._count, whole))
        if self._closed or self._candidate is not None:
            return
        if whole and (self._thinking or _THOUGHT_ENDS.search(self._text)):
            self._take(_answer(self._text[self._thought_from :], self._count))
        if self._thinking:
            return
        self._take(_within_strings(self._strings(), self._count, whole))
        for read in (_by_weak_keys, _of_tags, _of_a_list):
            if not self._closed:
                self._take(read(self._text, self._count, whole))
        if not self._closed:
            self._take(_of_a_list(self._strings(), self._count, whole))

    def _strings(self) -> str:
        """The strings in which there may be JSON; the last one may not be closed."""
        if self._text.lstrip().startswith('"'):
            return _unescaped(self._text.strip().strip('"'))
        growing = _unescaped(self._text[self._string :]) if self._place else ""
        return "\n".join([*self._nested, growing])

    def _end_last(self) -> None:
        """Read the text to its end, and finish an idea whose last bracket is missing but whose body ends."""
        rest = self._text[self._at :].strip().strip(",，")
        if self._place and self._stack and rest and rest in _CLOSERS[self._quote]:
            self._end_string(self._at)
        else:
            text, self._text = self._text, self._text + _END
            self._read(len(self._text))
            self._text, self._at = text, min(self._at, len(text))
        candidate = self._candidate
        if candidate and not self._place and candidate.has(self._titles) and candidate.has(self._bodies):
            self._close_idea(candidate)

    def _take(self, ideas: Sequence[Idea]) -> None:
        self._readable = self._readable or bool(ideas)
        for idea in ideas:
            self._keep(idea)

    def _read(self, end: int) -> None:
        """Read the text up to the place `end`, or as far as it is certain."""
        step: Callable[[int], bool]
        going = self._at < end
        while going:
            step = self._read_string if self._place else self._read_token if self._stack else self._search
            going = step(end)

    def _search(self, end: int) -> bool:
        found = _START.search(self._text, self._at, end)
        place = found.start() if found else end
        if not self._began and not self._thinking and place - self._thought_from > _PREAMBLE:
            self._thinking = True
        if found is None:
            perhaps = _PERHAPS_START.search(self._text, max(self._at, end - 200), end)
            self._at = perhaps.start() if perhaps else end
            return False
        self._at = found.end()
        if found[0] in "{[｛［":
            if not self._thinking:
                self._began = True
                self._stack.append(_Open(_BRACKETS.get(found[0], found[0]), found.start()))
        else:
            self._thinking, self._thought_from = True, found.end()
        return True

    def _read_token(self, end: int) -> bool:
        found = _TOKEN.search(self._text, self._at, end)
        if found is None:
            perhaps = _PERHAPS_TOKEN.search(self._text, max(self._at, end - 60), end)
            self._at = perhaps.start() if perhaps else end
            return False
        token = found[0]
        top = self._stack[-1]
        self._at = found.end()
        if token in _CLOSERS:
            place = "item" if top.bracket == "[" else "value" if top.valued else "key"
            self._place, self._quote, self._string = place, token, found.end()
        elif token in ":：":
            if top.bracket == "{" and not top.valued:
                self._key(top)
        elif token in ",，":
            top.valued, top.word = False, ""
        elif token in "{[｛［":
            self._open(_BRACKETS.get(token, token), found.start())
        elif token in "}]｝］":
            self._close(_BRACKETS.get(token, token), found.end())
        elif token in ("//", "/*"):
            return self._skip_comment(token, found.start(), end)
        elif token == "\\":
            # A quote with a backslash belongs to JSON inside of a string.
            self._at = min(found.end() + 1, end)
        elif top.bracket == "{" and not top.valued:
            top.word = token
        return True

    def _skip_comment(self, token: str, start: int, end: int) -> bool:
        closer = "\n" if token == "//" else "*/"
        limit = min(end, start + _MOST_COMMENT)
        close = self._text.find(closer, start + 2, limit)
        if close < 0 and limit == end:
            self._at = start
            return False
        if close >= 0:
            self._at = close + len(closer)
        return True

    def _read_string(self, end: int) -> bool:
        run = _RUNS[self._place][self._quote].match(self._text, self._at, end)
        self._at = at = run.end() if run else self._at
        if at >= end or self._text[at] == "\\":
            return False
        if self._text[at] == "}":
            if _NEXT.match(self._text, at, end) is None:
                return False
            self._end_string(at)
            self._at = at
            return True
        if _ENDS[self._place].match(self._text, at + 1, end) is None:
            return False
        self._end_string(at)
        return True

    def _end_string(self, at: int) -> None:
        """End the current string before the quote at the place `at`."""
        top, place, self._place = self._stack[-1], self._place, ""
        raw = self._text[self._string : at]
        if self._quote == '"':
            # Python's long quotes.
            raw = raw.removeprefix('""').removesuffix('""') if raw.startswith('""') else raw
        self._at = at + 1
        if place == "key":
            top.word = _unescaped(raw[:99])
            return
        text = _unescaped(raw)
        if "{" in text or "《" in text[:9]:
            self._nested.append(text)
        if place == "value":
            top.fields.setdefault(top.key, []).append(text)
            top.valued = False
            if top.key == "type" and text in _SCHEMA_TYPES:
                self._refuse(top)
        if self._candidate not in (None, top) and (name := self._field()):
            self._candidate.fields.setdefault(name, []).append(text)

    def _field(self) -> str:
        """The key of the candidate to which a text at this place belongs; "" for none."""
        candidate = self._candidate
        if candidate is None or not candidate.key:
            return ""
        return candidate.key if candidate.valued or candidate is not self._stack[-1] else ""

    def _key(self, top: _Open) -> None:
        name = _name(top.word)
        title, body = name in self._titles, name in self._bodies
        if (
            top is self._candidate
            and (title or body)
            and name in top.fields
            and top.has(self._titles)
            and top.has(self._bodies)
        ):
            # The bracket between two ideas is missing.
            self._close_idea(top)
            self._stack[-1] = top = _Open("{", self._at)
        top.key, top.word, top.valued = name, "", True
        if name in _SCHEMA_KEYS:
            self._refuse(top)
        elif top is self._candidate and name == "ideas":
            # An object with a list of ideas is a wrapper, even with a title of its own.
            self._candidate = None
        elif (title or body) and not top.refused:
            outer = self._candidate
            whole = (title or top.has(self._titles)) and (body or top.has(self._bodies))
            if outer is None or (outer is not top and whole and not outer.has(self._bodies)):
                self._candidate = top

    def _refuse(self, entry: _Open) -> None:
        """Take an object for none that holds an idea, such as a part of a schema."""
        entry.refused = True
        if self._candidate is entry:
            self._candidate = None
        elif self._candidate is not None and self._field() in self._titles + self._bodies:
            self._refuse(self._candidate)

    def _open(self, bracket: str, start: int) -> None:
        top = self._stack[-1]
        if bracket == "{" and top.bracket == "{" and not top.valued and top is self._candidate:
            # The bracket at the end of the last idea is missing.
            self._close("}", start)
            if not self._stack:
                self._at = start
                return
            top = self._stack[-1]
        if bracket == "{" and top.bracket == "{" and top.valued and top.key in self._titles:
            self._refuse(top)
        self._stack.append(_Open(bracket, start))
        if len(self._stack) > _MOST_DEPTH:
            self._begin(self._at)

    def _close(self, bracket: str, end: int) -> None:
        """Close the innermost bracket of this kind, and what is open within it."""
        opening = "{" if bracket == "}" else "["
        if not any(each.bracket == opening for each in self._stack):
            return
        while self._stack:
            closed = self._stack[-1]
            if closed is self._candidate:
                self._close_idea(closed)
            self._stack.pop()
            if self._stack and self._stack[-1].bracket == "{":
                self._stack[-1].valued = False
            if closed.bracket == opening:
                return

    def _close_idea(self, closed: _Open) -> None:
        self._candidate = None
        self._readable = True
        idea = self._idea(closed.fields, "finished")
        if self._answers is not None:
            self._answers.append((self._stack[0], closed, idea))
        else:
            self._keep(idea)

    def _keep(self, idea: Idea) -> None:
        if self._known.isdisjoint(_identity(idea)) and len(self._closed) < self._count:
            self._closed.append(idea)
            self._known.update(_identity(idea))

    def _idea(self, fields: dict[str, list[str]], status: str) -> Idea:
        titles, bodies = (*self._titles, *_WEAK_TITLES), (*self._bodies, *_WEAK_BODIES)
        title, body = ("\n".join(_best(fields, names)) for names in (titles, bodies))
        return made(title, body, status)

    def _repeats(self, draft: Idea) -> bool:
        title = "".join(draft.title.split())
        if draft.body:
            return ("title", title) in self._known
        known = self._known if title else self._known - EXAMPLES
        return any(field == "title" and words.startswith(title) for field, words in known)


def made(title: str, body: str, status: str) -> Idea:
    """The idea of these texts, without marks around the title.

    Where JSON is left, or where most characters were of another encoding, it is never `finished`.
    """
    title, body = _words(title), _words(body)
    label = _BODY_LABEL.match(body)
    body = body[label.end() :] if label else body
    left_over = _LEFT_OVER.search(body)
    if left_over or _LEFT_OVER.search(title):
        body = body[: left_over.start()] if left_over else body
        title = title if not _LEFT_OVER.search(title) else ""
        status = "unfinished" if status == "finished" else status
    title, body = _without_marks(title)[:TITLE].rstrip(), body[:BODY].rstrip()
    unreadable = 4 * (title.count("\ufffd") + body.count("\ufffd")) > len(title) + len(body)
    if status == "finished" and (unreadable or not (title and body)):
        status = "unfinished"
    return Idea(title, body, status)


def _best(fields: dict[str, list[str]], names: Sequence[str]) -> list[str]:
    return next((fields[name] for name in names if name in fields and any(fields[name])), [])


def _answer(text: str, count: int) -> list[Idea]:
    """The ideas of the last answer in a thought: the last one that is complete, if there is one."""
    reader = GrowingReply(0)
    reader._answers, reader._began = [], True
    reader._text = text[:MOST_REPLY]
    for mark in (*_THOUGHT_ENDS.finditer(reader._text), None):
        reader._read(mark.start() if mark else len(reader._text))
        if mark:
            reader._thinking = False
            reader._begin(mark.end())
    answers: list[list[Idea]] = []
    last: _Open | None = None
    for outermost, own, idea in reader._answers:
        # Ideas without a list around them are one answer.
        if last is None or (outermost is not last and not (outermost is own and last.has(TITLES))):
            answers.append([])
        last = outermost
        answers[-1].append(idea)
    told = [answer for answer in answers if any(idea.finished for idea in answer)]
    whole = [answer for answer in told if sum(idea.finished for idea in answer) >= count]
    return (whole or told or [[]])[-1]


def _within_strings(text: str, count: int, whole: bool) -> list[Idea]:
    """The ideas of JSON that is written in strings of JSON, and in strings of those."""
    for _ in range(2):
        reader = GrowingReply(count)
        reader.feed(text)
        if whole:
            reader._end_last()
        if reader.readable or not text.strip():
            return list(reader.ideas())
        text = reader._strings()
    return []


def _by_weak_keys(text: str, count: int, whole: bool) -> list[Idea]:
    """The ideas of objects whose keys are weak ones only, where the reply is whole."""
    if not whole:
        return []
    reader = GrowingReply(count)
    reader._titles, reader._bodies = _WEAK_TITLES + TITLES, _WEAK_BODIES + BODIES
    reader.feed(text)
    reader._end_last()
    return [idea for idea in reader.ideas() if idea.title and idea.body]


def _of_tags(text: str, _: int, whole: bool) -> list[Idea]:
    """The ideas of a title and a body between tags of these names."""
    return [made(found[1], found[2], "finished") for found in _TAGS.finditer(text)]


def _of_a_list(text: str, count: int, whole: bool) -> list[Idea]:
    """The ideas of a list in prose: a title in 《》, behind a label or in bold type, then the body."""
    ideas = _sections(text, _HEADING)
    if not ideas and whole:
        ideas = _sections(text, _LOOSE_HEADING)
        if len(ideas) != count or any(len(idea.body) < _LEAST_BODY for idea in ideas):
            return []
    if ideas and not whole:
        ideas[-1] = Idea(ideas[-1].title, ideas[-1].body, "unfinished")
    return ideas


def _sections(text: str, headings: re.Pattern[str]) -> list[Idea]:
    """The ideas of a text with such headings, each with the lines below it."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        heading = headings.match(line)
        if heading and not _BODY_LABEL.match(heading["named"] or ""):
            title = heading["named"] or heading["labelled"]
            rest = (heading["rest"] or "").lstrip(_SEPARATORS)
            found.append((title, [rest] if rest else []))
        elif found and not _NO_BODY.match(line):
            line = line.strip(" \t*-+>#")
            label = _LABEL.match(line)
            found[-1][1].append(line[label.end() :] if label else line)
    ideas = [made(title, "\n".join(filter(None, lines)), "finished") for title, lines in found]
    return [idea for idea in ideas if idea.body]


def _without_marks(title: str) -> str:
    """A title in one line, without a number before it and quotes or emphasis around it."""
    title = " ".join(title.split())
    plain = title.lstrip("#* ")
    for before in (_NUMBER, _TITLE_LABEL):
        found = before.match(plain)
        plain = plain[found.end() :] if found else plain
    while plain[:1] in _AROUND_TITLE and len(plain) > 1:
        opening, closer = plain[0], _AROUND_TITLE[plain[0]]
        plain = plain[1:]
        if plain.endswith(closer) and (closer == opening or opening not in plain):
            plain = plain[:-1]
        elif closer in plain:
            plain = opening + plain
            break
    return plain.strip().rstrip("*").strip() or title


def _identity(idea: Idea) -> list[tuple[str, str]]:
    """The (field, text without spaces) pairs that make another idea a repetition of a finished one."""
    if idea.status != "finished":
        return []
    return [(field, "".join(words.split())) for field, words in (("title", idea.title), ("body", idea.body))]


def _unescaped(raw: str) -> str:
    """The text of a string of JSON."""
    text = raw.translate(_CONTROL)
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_meaning, text).encode("utf-16", "surrogatepass").decode("utf-16", "ignore")


def _meaning(escape: re.Match[str]) -> str:
    sign = escape[1]
    return chr(int(sign[1:], 16)) if len(sign) == 5 else _MEANING.get(sign, sign)


def _words(text: str) -> str:
    """A text without control characters and lone surrogates."""
    return _UNPRINTABLE.sub("", text).strip()

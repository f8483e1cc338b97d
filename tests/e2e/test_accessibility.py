"""Everyone can read and use every page: axe finds nothing serious, nothing scrolls sideways, one language."""

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, ViewportSize, expect

from tests.support.model_server import ModelServer
from tests.support.people import DESKTOP, PHONE, Person
from tests.support.walk import walk
from tests.support.web import Web

Look = tuple[ViewportSize, Literal["light", "dark"]]
LOOKS: dict[str, tuple[Look, ...]] = {
    "zh": ((DESKTOP, "light"), (PHONE, "dark")),
    "en": ((DESKTOP, "dark"), (PHONE, "light")),
}
"""How each language is looked at: together every size by day and by night."""
GRAVE = ("serious", "critical")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WORDS = """() => {
  const all = [...document.querySelectorAll("body *")].filter((each) => each.checkVisibility());
  const said = ["aria-label", "title", "placeholder", "alt", "aria-description"];
  const drawn = (each, at) => getComputedStyle(each, at).content;
  return [
    document.title,
    [...document.querySelectorAll("pre")].reduce(
      (text, asked) => text.replace(asked.innerText, ""), document.body.innerText),
    ...all.flatMap((each) => said.map((name) => each.getAttribute(name) ?? "")),
    ...all.flatMap((each) => [drawn(each, "::before"), drawn(each, "::after")]),
  ].join("\\n");
}"""
AXE = "axe.run({ resultTypes: ['violations'] }).then((results) => results.violations)"
"""What it has nothing to say against is most of what it says: that stays in the page."""
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
ALLOWED = {"编", "中文", "切换到中文"}
"""The seal, which is a drawing, and the language to switch to; a provider is called as the settings say."""


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_can_be_used_by_everyone(
    web: Web, model: ModelServer, browser: Browser, database: str, language: str
) -> None:
    """On a desk and on a phone, by day and by night; in English no page speaks Chinese."""
    found: list[str] = []

    async def examine(person: Person, place: str) -> None:
        for size, theme in LOOKS[language]:
            await person.page.set_viewport_size(size)
            scheme: Any = theme
            await person.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await expect(person.page.locator("html")).to_have_class(re.compile(theme))
            where = f"{place}, {size['width']} wide, {theme}"
            found.extend(f"{where}: {each}" for each in await violations(person))
            if (overflow := await person.page.evaluate(OVERFLOW)) > 0:
                found.append(f"{where}: scrolls sideways by {overflow}")
        await person.page.set_viewport_size(DESKTOP)
        if language == "en":
            words = (
                {*CHINESE.findall(await person.page.evaluate(WORDS))}
                - ALLOWED
                - {web.settings.get("OIDC_NAME")}
            )
            found.extend(f"{place}: says {word}" for word in words)

    await walk(web, model, browser, language, examine)

    assert not found, "\n".join(found)


async def violations(person: Person) -> list[str]:
    """What axe finds on the page that is grave: the rule, and where."""
    if not await person.page.evaluate("'axe' in window"):
        await person.page.evaluate(AXE_SCRIPT)
    return [
        f"{rule['id']} at {node['target']}: {' '.join(node['failureSummary'].split())}"
        for rule in await person.page.evaluate(AXE)
        for node in rule["nodes"]
        if (node["impact"] or rule["impact"]) in GRAVE
    ]

"""Every page is accessible: axe reports nothing serious, nothing scrolls sideways, English pages have no
Chinese.
"""

import re
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, ViewportSize, expect

from tests.support.model_server import ModelServer
from tests.support.people import DESKTOP, PHONE, Person
from tests.support.walk import walk
from tests.support.web import Web

View = tuple[ViewportSize, Literal["light", "dark"]]
VIEWS: dict[str, tuple[View, ...]] = {
    "zh": ((DESKTOP, "light"), (PHONE, "dark")),
    "en": ((DESKTOP, "dark"), (PHONE, "light")),
}
"""The views per language; together they cover each size in each theme."""
IMPACTS = ("serious", "critical")
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
"""Most of axe's results are passed checks. They are dropped in the browser."""
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")
ALLOWED = {"编", "中文", "切换到中文"}
"""The seal, which is a drawing, and the button that switches to Chinese."""


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_page_is_accessible(
    web: Web, model: ModelServer, browser: Browser, database: str, language: str
) -> None:
    """On a desktop and a phone, in the light and the dark theme."""
    found: list[str] = []

    async def examine(person: Person, page: str) -> None:
        for size, theme in VIEWS[language]:
            await person.page.set_viewport_size(size)
            scheme: Any = theme
            await person.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await expect(person.page.locator("html")).to_have_class(re.compile(theme))
            where = f"{page}, {size['width']} wide, {theme}"
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
            found.extend(f"{page}: says {word}" for word in words)

    await walk(web, model, browser, language, examine)

    assert not found, "\n".join(found)


async def violations(person: Person) -> list[str]:
    """The serious violations that axe finds on the page: the rule and the element."""
    if not await person.page.evaluate("'axe' in window"):
        await person.page.evaluate(AXE_SCRIPT)
    return [
        f"{rule['id']} at {node['target']}: {' '.join(node['failureSummary'].split())}"
        for rule in await person.page.evaluate(AXE)
        for node in rule["nodes"]
        if (node["impact"] or rule["impact"]) in IMPACTS
    ]

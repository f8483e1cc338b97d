"""Names the browser and the operating system of a User-Agent header.

It knows only common ones. The names help a person to notice a session that is not theirs. They are no proof,
because a client can send any header.
"""

from scriptwriter.texts import Text, account_texts
from scriptwriter.web.kit.notices import Notice

# A browser comes before the browsers whose names its header also contains.
_BROWSERS = (
    ("MicroMessenger/", "wechat"),
    ("MQQBrowser/", "qq"),
    ("QQBrowser/", "qq"),
    ("UCBrowser/", "uc"),
    ("Quark/", "quark"),
    ("HuaweiBrowser/", "huawei"),
    ("MiuiBrowser/", "xiaomi"),
    ("SamsungBrowser/", "samsung"),
    ("Edg", "edge"),
    ("OPR/", "opera"),
    ("OPT/", "opera"),
    ("Firefox/", "firefox"),
    ("FxiOS/", "firefox"),
    ("CriOS/", "chrome"),
    ("Chrome/", "chrome"),
    ("Safari/", "safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "harmony"),
    ("OpenHarmony", "harmony"),
    ("Windows", "windows"),
    ("iPhone", "iphone"),
    ("iPad", "ipad"),
    ("Android", "android"),
    ("CrOS", "chromeos"),
    ("Mac OS X", "macos"),
    ("Linux", "linux"),
)


def device(user_agent: str) -> Notice:
    """The browser and its system in both languages, without the part that is unknown."""
    browser, system = (
        _first(user_agent, _BROWSERS, account_texts.BROWSERS),
        _first(user_agent, _SYSTEMS, account_texts.SYSTEMS),
    )
    if browser and system:
        return Notice(
            account_texts.ON_SYSTEM.zh.format(browser=browser.zh, system=system.zh),
            account_texts.ON_SYSTEM.en.format(browser=browser.en, system=system.en),
        )
    return Notice(*(browser or system or account_texts.UNKNOWN_DEVICE))


def _first(user_agent: str, signs: tuple[tuple[str, str], ...], names: dict[str, Text]) -> Text | None:
    return next((names[name] for sign, name in signs if sign in user_agent), None)

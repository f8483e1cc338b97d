"""Starts the headless Chromium of the browser tests."""

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

UNUSED = (
    # Chromium uses only the last list that it is given, so this one begins with all of Playwright's own
    # entries.
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin",
    "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    # For the address bar of each window, Chromium would load two pages of its own.
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
)  # fmt: skip
"""Chromium features that the application's pages do not need."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(UNUSED)}",
]


def chromium() -> str:
    """The path of the browser.

    Without a browser the test is skipped; with SCRIPTWRITER_TEST_BROWSER=required it fails.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        reason = "no Chromium on this machine: the browser tests need one (apt-get install chromium)"
        if os.environ.get("SCRIPTWRITER_TEST_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


@asynccontextmanager
async def browser(addresses: Mapping[str, str] | None = None) -> AsyncIterator[Browser]:
    """A headless browser.

    `addresses` maps a host:port to the host:port that the browser connects to instead.
    """
    program = chromium()
    rules = ", ".join(f"MAP {name} {there}" for name, there in (addresses or {}).items())
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, f"--host-resolver-rules={rules}"]
        )
        try:
            yield opened
        finally:
            await opened.close()

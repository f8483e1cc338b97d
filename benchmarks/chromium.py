"""A headless Chromium and its tabs, controlled through the browser's own DevTools pipe.

Playwright would send every websocket message of every tab to its driver, too, which is a load on the machine
that is measured. Here a tab is not contacted until it is asked.
"""

import asyncio
import fcntl
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # Timers and processes of background tabs are not slowed down.
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows", "--window-size=1280,860",
)  # fmt: skip
# Chromium reads commands from file descriptor 3 and answers on 4.
_WITH_PIPES = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_LIMIT = 60.0
_STOP_SECONDS = 10.0


class ChromiumError(Exception):
    """Chromium is not installed, or refused a command."""


class Tab:
    """One page."""

    def __init__(self, browser: "Chromium", session: str, target: str) -> None:
        self._browser, self._session, self._target = browser, session, target

    async def open(self, url: str, script: str) -> None:
        """Navigate to `url`. `script` runs before the scripts of the page."""
        await self._call("Page.enable")
        await self._call("Page.addScriptToEvaluateOnNewDocument", source=script)
        await self._call("Page.navigate", url=url)

    async def value(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression. Raises ChromiumError if the expression throws."""
        answer = await self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise ChromiumError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    async def wait_for(self, expression: str) -> None:
        """Wait until an expression is true. Raises TimeoutError after a minute."""
        async with asyncio.timeout(_LIMIT):
            while not await self.value(f"Boolean({expression})"):  # noqa: ASYNC110 (it is another program)
                await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Close the page."""
        await self._browser.call("Target.closeTarget", targetId=self._target)

    async def _call(self, method: str, **params: Any) -> Any:
        return await self._browser.call(method, session=self._session, **params)


class Chromium:
    """A running browser. `pid` is its first process."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, command_pipe: int) -> None:
        self.pid = pid
        self._reader, self._command_pipe = reader, command_pipe
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._last = 0

    async def call(self, method: str, *, session: str | None = None, **params: Any) -> Any:
        """Send one command of the DevTools protocol and return its result. Raises ChromiumError."""
        self._last += 1
        answer = self._answers[self._last] = asyncio.get_running_loop().create_future()
        command = {"id": self._last, "method": method, "params": params}
        if session is not None:
            command["sessionId"] = session
        os.write(self._command_pipe, json.dumps(command).encode() + b"\0")
        return await asyncio.wait_for(answer, _LIMIT)

    async def sign_in(self, url: str, name: str, value: str) -> None:
        """Set a cookie for the site at `url`, in every tab."""
        cookie = {"url": url, "name": name, "value": value, "httpOnly": True, "sameSite": "Lax"}
        await self.call("Storage.setCookies", cookies=[cookie])

    async def new_tab(self) -> Tab:
        """An empty tab in the same window."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.call("Target.attachToTarget", targetId=target, flatten=True)
        return Tab(self, attached["sessionId"], target)

    async def listen(self) -> None:
        """Receive the browser's answers until it ends."""
        while True:
            try:
                message = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            except asyncio.IncompleteReadError:
                for answer in self._answers.values():
                    answer.cancel()
                return
            answer = self._answers.pop(message.get("id"), None)
            if answer is None or answer.done():
                continue
            if "error" in message:
                answer.set_exception(ChromiumError(message["error"]["message"]))
            else:
                answer.set_result(message["result"])


@asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Chromium]:
    """A browser with an empty profile in the folder `profile`.

    Raises ChromiumError if it is not installed.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        raise ChromiumError("Chromium is not installed (Debian: apt-get install chromium fonts-noto-cjk).")
    (their_command_pipe, command_pipe), (answer_pipe, their_answer_pipe) = os.pipe(), os.pipe()
    # Descriptors above 4, so that neither dup2 overwrites the source of the other.
    given = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (their_command_pipe, their_answer_pipe)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WITH_PIPES, *map(str, given), program, *_ARGUMENTS,
        f"--user-data-dir={profile}", "about:blank",
        pass_fds=given, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    for each in (their_command_pipe, their_answer_pipe, *given):
        os.close(each)
    reader = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(answer_pipe, "rb", buffering=0)
    )
    browser = Chromium(process.pid, reader, command_pipe)
    listening = asyncio.create_task(browser.listen())
    try:
        await browser.call("Browser.getVersion")
        yield browser
        with suppress(TimeoutError, asyncio.CancelledError, ChromiumError):
            await browser.call("Browser.close")
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        listening.cancel()
        transport.close()
        os.close(command_pipe)

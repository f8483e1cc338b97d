"""The processes of a whole installation. Each can be killed or frozen, and is started again when it ends."""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import psutil

from scriptwriter.embedded.postgres.launcher import EmbeddedPostgres, attach
from scriptwriter.store import database
from tests.support.postgres import answers, data_folder, postmaster_pid, supervisor_pid
from tests.support.web import ROOT, free_port

_PAUSE = 0.3
_POLL = 0.1
_PATIENCE = 240.0


class SupervisedProcess:
    """A process that is restarted whenever it ends, as a service manager does it; `log` gets its output."""

    def __init__(self, name: str, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command = [sys.executable, "-m", *arguments]
        self._environment = {**os.environ, **environment}
        self._process: asyncio.subprocess.Process | None = None
        self._allowed = asyncio.Event()
        self._allowed.set()
        self._keeping = asyncio.create_task(self._keep(), name=name)

    @property
    def runs(self) -> bool:
        """Whether it is running."""
        return self._process is not None and self._process.returncode is None

    async def down(self, seconds: float) -> None:
        """Kill it with all of its child processes, and let it restart after so many seconds."""
        self._allowed.clear()
        self._kill()
        await asyncio.sleep(seconds)
        self._allowed.set()

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator[None]:
        """Stop it with SIGSTOP during the block, and let it continue afterwards."""
        process = self._process
        self._signal(process, signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(process, signal.SIGCONT)

    def _signal(self, process: asyncio.subprocess.Process | None, number: signal.Signals) -> None:
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    async def end(self) -> None:
        """End it without a restart."""
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        self._kill()
        if self._process is not None:
            await self._process.wait()

    def _kill(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self._process.pid)
            for process in [root, *root.children(recursive=True)]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    async def _keep(self) -> None:
        while True:
            await self._allowed.wait()
            with self.log.open("ab") as output:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, cwd=ROOT, env=self._environment, start_new_session=True,
                    stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                )  # fmt: skip
            await self._process.wait()
            await asyncio.sleep(_PAUSE)


class Installation:
    """The running installation: Postgres, the shape server, the workers, and optionally the web process."""

    def __init__(self, folder: Path, data_dir: Path, logs: Path) -> None:
        self.secret = secrets.token_urlsafe(16)
        self.electric_url = f"http://127.0.0.1:{free_port()}"
        self.web_url: str | None = None
        self.processes: dict[str, SupervisedProcess] = {}
        self._folder = folder
        self._logs = logs
        self._data_dir = data_dir
        self._attaching = asyncio.Lock()
        self._hold: EmbeddedPostgres | None = None

    @property
    def url(self) -> str:
        """The libpq URL of the database."""
        assert self._hold is not None
        return self._hold.url()

    async def start(self, workers: int, model_url: str, *, web: bool) -> None:
        """Start everything; `web` also builds the pages."""
        self._logs.mkdir(parents=True, exist_ok=True)
        await self.attach()
        await asyncio.to_thread(database.apply_schema, self.url)
        environment = {
            "DATABASE_URL": self.url,
            "ELECTRIC_URL": self.electric_url,
            "ELECTRIC_SECRET": self.secret,
            "OPENAI_BASE_URL": model_url,
            "OPENAI_API_KEY": "sk-test",
            "MODEL_RETRY_SECONDS": "1",
            "EMBEDDED_WORKER": "false",
            "SCRIPTWRITER_ENV": "development",
            "SCRIPTWRITER_DATA_DIR": str(self._folder / "data"),
            "REFLEX_WEB_WORKDIR": os.environ.get("REFLEX_WEB_WORKDIR", str(self._folder / "web")),
            "REFLEX_STATES_WORKDIR": str(self._folder / "states"),
        }
        arguments = {f"worker {number + 1}": ["scriptwriter", "worker"] for number in range(workers)}
        port = self.electric_url.rpartition(":")[2]
        arguments["shape server"] = ["scriptwriter", "electric", "--port", port]
        if web:
            port = str(free_port())
            self.web_url = f"http://localhost:{port}"
            arguments["web"] = ["reflex", "run", "--env", "prod", "--backend-port", port]
        for name, words in arguments.items():
            log = self._logs / f"{name.replace(' ', '-')}.log"
            # Each worker gets a model name of its own, by which the model knows which worker calls.
            self.processes[name] = SupervisedProcess(name, words, environment | {"OPENAI_MODEL": name}, log)
        await self.wait_until_ready()

    async def attach(self) -> None:
        """Start Postgres again where its supervisor was killed too."""
        async with self._attaching:
            before = self._hold
            self._hold = await asyncio.to_thread(attach, self._data_dir, server_settings={"fsync": "off"})
            if before is not None:
                before.close()

    async def kill_postgres(self) -> None:
        """Kill the postmaster; its supervisor starts it again."""
        with suppress(FileNotFoundError, ValueError, IndexError, ProcessLookupError):
            os.kill(postmaster_pid(self._data_dir), signal.SIGKILL)

    async def kill_supervisor(self, seconds: float) -> None:
        """Kill the supervisor, and the server with it; both return after so many seconds."""
        async with self._attaching:
            with suppress(FileNotFoundError, ValueError, ProcessLookupError):
                os.kill(supervisor_pid(self._data_dir), signal.SIGKILL)
            await asyncio.sleep(seconds)
        await self.attach()

    async def wait_until_ready(self) -> None:
        """Return when every process runs and answers."""
        deadline = time.monotonic() + _PATIENCE
        while not await asyncio.to_thread(self._answers):
            assert time.monotonic() < deadline, f"the installation does not come back: {self._folder}"
            await asyncio.sleep(_POLL)

    def _answers(self) -> bool:
        health = [f"{self.electric_url}/v1/health"] + ([f"{self.web_url}/readyz"] if self.web_url else [])
        lives = all(process.runs for process in self.processes.values()) and answers(self.url)
        return lives and all(_serves(address) for address in health)

    async def stop(self) -> None:
        """End every process that was started except Postgres."""
        for process in self.processes.values():
            await process.end()
        if self._hold is not None:
            self._hold.close()


@asynccontextmanager
async def installation(
    workers: int, model_url: str, *, web: bool = False, logs: Path | None = None
) -> AsyncIterator[Installation]:
    """An installation in temporary folders, connected to this process; only `logs` is kept."""
    with data_folder() as data_dir, tempfile.TemporaryDirectory() as folder:
        opened = Installation(Path(folder), data_dir, logs or Path(folder))
        try:
            await opened.start(workers, model_url, web=web)
            connection = database.connect(opened.url)
            try:
                yield opened
            finally:
                await connection.close()
        finally:
            await opened.stop()


def _serves(address: str) -> bool:
    try:
        return httpx.get(address, timeout=3).status_code == 200
    except httpx.HTTPError:
        return False

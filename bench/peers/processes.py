"""Servers under measurement, and what Linux knows of them."""

import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def stat_fields(pid: int) -> list[str]:
    """Those of /proc/PID/stat after the name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def process_tree(root: int) -> list[int]:
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(name)] = int(stat_fields(int(name))[1])
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return sorted(tree)


def cpu_seconds(pids: list[int]) -> float:
    """User and system time, by the processes' own clocks (clock_getcpuclockid(3)): exact to the nanosecond."""
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)


def busy_seconds() -> float:
    """Of all CPUs since boot: neither idle nor waiting for a disk."""
    words = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return (sum(words[:8]) - words[3] - words[4]) / TICKS


def rss_kib(pids: list[int]) -> int:
    return sum(int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) for pid in pids)


def thread_count(pids: list[int]) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/task")) for pid in pids)


# What every program on the system has loaded.
_COMMON = re.compile(r"/(ld-linux|libc|libm|libdl|libpthread|librt|libgcc_s|libstdc\+\+)\b")


def stripped_kib(path: str) -> int:
    """Without symbols and debug information, which cost no memory, where strip is here to say."""
    with tempfile.NamedTemporaryFile() as out:
        ran = subprocess.run(["strip", "-o", out.name, path], capture_output=True, check=False) if shutil.which("strip") else None
        return os.path.getsize(out.name if ran and ran.returncode == 0 else path) // 1024


def sizes_kib(pids: list[int]) -> tuple[int, int]:
    """The executable, stripped, and the shared libraries besides the system's own."""
    executable, libraries = 0, set()
    for pid in pids:
        own = os.readlink(f"/proc/{pid}/exe")
        executable = stripped_kib(own)
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            words = line.split(maxsplit=5)
            if len(words) == 6 and ".so" in words[5] and words[5] != own and not _COMMON.search(words[5]):
                libraries.add(words[5])
    return executable, sum(os.path.getsize(path) for path in libraries if os.path.exists(path)) // 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def allow_files(count: int) -> int:
    """Lets us and what we start open `count` files, or as many as may be; how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


@dataclass(frozen=True)
class Place:
    """Where a process runs: CPUs as taskset takes them."""

    cpus: str

    def run(self, *command: str | Path) -> list[str]:
        return ["taskset", "-c", self.cpus, *map(str, command)]


class ServerFailed(Exception):
    """A server did not come up, or died."""


class Server:
    """A running server; a context manager that ends it."""

    def __init__(self, command: list[str], place: Place, environment: dict[str, str], log: Path, patience: float = 15.0):
        self.command = command
        self.port = free_port()
        command = [word.replace("{port}", str(self.port)) for word in command]
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                place.run(*command),
                env=os.environ | environment,
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.log = log
        try:
            self._wait(patience)
        except ServerFailed:
            self.stop()
            raise
        self.pids = process_tree(self.process.pid)

    def _wait(self, patience: float) -> None:
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if self.process.poll() is not None:
                words = self.log.read_text(errors="replace").strip().splitlines()[-1:]
                raise ServerFailed(f"the server ended with {self.process.returncode}: {' '.join(words)[:200]}")
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                time.sleep(0.3)
                return
            time.sleep(0.05)
        raise ServerFailed(f"the server did not listen within {patience:g} s")

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        if not self.alive:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            for pid in process_tree(self.process.pid):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

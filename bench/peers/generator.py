"""h2load and curl: the load, and the check of one answer before it."""

import math
import os
import re
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from cases import Case
from processes import Place, Server, busy_seconds, cpu_seconds


PATIENCE = 300  # seconds until a load that does not end is ended


class Unmeasured(Exception):
    """Says why a server has no figure in a case."""


def url(server: Server, case: Case, static: bool) -> str:
    scheme = "https" if case.variant == "tls" else "http"
    path = "/" + static_name(case) if static else case.path
    return f"{scheme}://127.0.0.1:{server.port}{path}"


def static_name(case: Case) -> str:
    """The file with a case's answer, for servers that know only files."""
    return f"{'grpc' if case.protocol == 'grpc' else case.protocol}.{case.payload}"


def call_once(server: Server, case: Case, body: Path, static: bool) -> tuple[int, dict[str, str], bytes]:
    """One call by curl: status, headers and trailers, body."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["curl", "--silent", "--show-error", "--insecure", "--max-time", "10"]
        command += ["--output", f"{folder}/body", "--dump-header", f"{folder}/head", "--data-binary", f"@{body}"]
        command.append("--http1.1" if case.http1 else "--http2" if case.variant == "tls" else "--http2-prior-knowledge")
        for header in case.headers:
            command += ["-H", header]
        ran = subprocess.run([*command, url(server, case, static)], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise Unmeasured(ran.stderr.strip()[:120])
        head = Path(folder, "head").read_text(errors="replace")
        answer = Path(folder, "body").read_bytes() if Path(folder, "body").exists() else b""
    status = re.match(r"HTTP/(\S+) (\d+)", head)
    if case.variant == "tls" and status and status[1] != "2":
        raise Unmeasured("no HTTP/2 over TLS")
    headers = dict(re.findall(r"^([^:\s]+): *(.*?)\s*$", head.lower(), re.M))
    return int(status[2]) if status else 0, headers, answer


def check(server: Server, case: Case, body: Path, answers_files: bool) -> int:
    """Raises Unmeasured unless one call is answered as it must be; returns the length of the answer."""
    status, headers, answer = call_once(server, case, body, answers_files)
    if answers_files:
        fault = None if status == 200 and answer == case.response else f"HTTP status {status}, {len(answer)} bytes"
    else:
        fault = case.fault(status, headers, answer)
    if fault:
        raise Unmeasured(fault)
    return len(answer)


def h2load(server: Server, case: Case, body: Path, place: Place, static: bool, requests: int = 0, seconds: float = 0.5,
           log: str = "") -> dict:
    """Runs it for `requests`, or else for `seconds`; what it said: calls done, rate, bytes."""
    command = place.run("h2load", "-t1", f"-c{case.connections}", f"-m{case.streams}", "-d", body)
    command += ["-n", str(requests)] if requests else ["-D", f"{seconds * 1000:.0f}ms"]
    command += ["--h1"] if case.http1 else []
    command += ["--tls13-ciphers=TLS_AES_128_GCM_SHA256"] if case.variant == "tls" else []
    command += [f"--log-file={log}"] if log else []
    for header in case.headers:
        command += ["-H", header]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, url(server, case, static)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    watch = threading.Timer(PATIENCE, process.kill)
    watch.start()
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    watch.cancel()
    wall = time.perf_counter() - begun

    def figure(pattern: str) -> float:
        found = re.search(pattern, said)
        if not found:
            raise Unmeasured(f"h2load ended with {status} and said: {said.strip()[-200:]}")
        return float(found[1])

    if case.variant == "tls" and "TLS Protocol: TLSv1.3\nCipher: TLS_AES_128_GCM_SHA256" not in said:
        raise Unmeasured("TLS 1.3 with AES-128 was not agreed on")
    return {
        "rate": figure(r"finished in .*?, ([\d.]+) req/s"),
        "succeeded": figure(r"(\d+) succeeded"),
        "good": figure(r"status codes: (\d+) 2xx"),
        "data": figure(r"\((\d+)\) data"),
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
    }


def measure(server: Server, case: Case, body: Path, answer_bytes: int, place: Place, static: bool, seconds: float, warmup: float = 0.5,
            warm_requests: int = 0, least: int = 0, most: int = 1 << 40) -> dict:
    """A warm-up of `warmup` seconds, or of `warm_requests`, then as many calls as fill `seconds`, at least `least` and at most
    `most` as far as every client has its own; all must be answered whole."""
    warm = h2load(server, case, body, place, static, warm_requests, warmup)
    clients = case.connections * case.streams
    wanted = min(most, max(least, warm["rate"] * seconds))
    requests = max(clients, math.ceil(wanted / clients) * clients)
    with tempfile.NamedTemporaryFile() as log:
        busy, spent = busy_seconds(), cpu_seconds(server.pids)
        run = h2load(server, case, body, place, static, requests, log=log.name if case.latency else "")
        spent, busy = cpu_seconds(server.pids) - spent, busy_seconds() - busy
        times = sorted(int(line.split()[2]) for line in Path(log.name).read_text().splitlines())
    if run["succeeded"] != requests or run["good"] != requests or run["data"] != requests * answer_bytes:
        raise Unmeasured(f"of {requests} calls {run['succeeded']:.0f} were answered, {run['good']:.0f} with 2xx, "
                         f"{run['data']:.0f} bytes of {requests * answer_bytes}")
    figures = {
        "cpu_us": spent / requests / case.units * 1e6,
        "rate": run["rate"] * case.units,
        "requests": requests,
        "server_busy": spent / run["wall"],
        "generator_busy": run["cpu"] / run["wall"],
        "others_busy": max(0.0, (busy - spent - run["cpu"]) / run["wall"]),
    }
    if times:
        figures |= {"p50_us": times[len(times) // 2], "p99_us": times[len(times) * 99 // 100]}
    return figures

"""System calls a call, by strace under load. A server that strace slows down finds more to read at once: a lower bound."""

import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import generator
from cases import Case
from processes import ServerFailed

CASES = [
    Case("grpc", "tiny", 8, 32),
    Case("grpc", "tiny", 1, 1),
    Case("grpc", "1k", 8, 32),
    Case("grpc", "stream", 8, 4),
    Case("connect", "tiny", 64, 1, http1=True),
]


def traced(bench, peer, server, case: Case) -> dict[str, float]:
    """System calls a call, by name."""
    body = bench.body(case)
    size = generator.check(server, case, body, peer.answers_files)
    requests = case.connections * case.streams * (2000 if case.latency else 10 if case.units > 1 else 60)
    cpu = bench.args.generator_cpu
    generator.h2load(server, case, body, cpu, peer.answers_files, requests)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "summary")
        attach = [word for pid in server.pids for word in ("-p", str(pid))]
        strace = subprocess.Popen(["strace", "-f", "-c", "-o", out, *attach], stderr=subprocess.PIPE, text=True)
        strace.stderr.readline()  # "… attached"
        ran = generator.h2load(server, case, body, cpu, peer.answers_files, requests)
        strace.send_signal(signal.SIGINT)
        strace.communicate(timeout=30)
        rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$", out.read_text(), re.M)
    if ran["data"] != requests * size:
        raise generator.Unmeasured("not all calls were answered")
    return {name: int(count) / requests for count, name in rows if name != "total"}


def part_syscalls(bench, peers) -> None:
    if not shutil.which("strace"):
        bench.say("system calls are left out: strace is not here")
        bench.results.miss("system calls", "all", "strace is not here")
        return
    for case in CASES:
        name = f"system calls {case.name}"
        for peer in peers:
            if not bench.able(peer, case, name):
                continue
            try:
                with bench.start(peer) as server:
                    calls = traced(bench, peer, server, case)
            except (ServerFailed, generator.Unmeasured) as error:
                bench.results.miss(name, peer.name, str(error))
                continue
            bench.results.add(name, peer.name, {"calls": sum(calls.values())} | {f"calls {k}": v for k, v in calls.items()})
            most = sorted(calls.items(), key=lambda item: -item[1])[:4]
            bench.say(f"{name:44} {peer.name:16} {sum(calls.values()):6.2f}: " + ", ".join(f"{k} {v:.2f}" for k, v in most))

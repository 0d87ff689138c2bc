"""What is added to calls of ours, and what it adds to their cost, client and server each in a process of its own."""

import contextlib
import dataclasses
import subprocess

from clients import call
from peers import CLIENTS, PEERS, why_absent
from processes import Server, ServerFailed, cpu_seconds

HTTP1 = "--protocol connect --http 1"
# What is compared with what: the server's and the client's options with the addition, those of the client without.
ADDITIONS = {
    "adds server interceptor": ("--interceptor", "", ""),
    "adds channel interceptor": ("", "--interceptor", ""),
    "adds server coroutine": ("--coroutine", "", ""),
    "adds channel coroutine": ("", "--coroutine", ""),
    "adds ten headers each way": ("--headers 10", "--headers 10", ""),
    "adds ten headers each way http/1.1": ("--headers 10", f"{HTTP1} --headers 10", HTTP1),
}
IN_FLIGHT = 64
# Pairs of runs in a round: a tenth of a microsecond is less than what a run differs from the next.
PAIRS = 10


def cost(bench, client, options: str, server: Server, requests: int) -> float:
    """CPU-µs a call, those of both processes."""
    before = cpu_seconds(server.pids)
    figures = call(bench, dataclasses.replace(client, command=f"{client.command} {options}"), server, IN_FLIGHT, requests)
    warm_up = max(requests // 10, IN_FLIGHT)
    return figures["cpu_us"] + (cpu_seconds(server.pids) - before) * 1e6 / (requests + warm_up)


def part_additions(bench, _) -> None:
    client = next(peer for peer in CLIENTS if peer.kind == "ours")
    ours = next(peer for peer in PEERS if peer.kind == "ours")
    if why := why_absent(bench.command(client)) or why_absent(bench.command(ours)):
        bench.say(f"additions are left out: {why}")
        return
    bench.results.kinds.setdefault(ours.name, ours.kind)
    requests = max(IN_FLIGHT, int(bench.args.seconds * 100_000))
    kinds = dict.fromkeys(["", *(server for server, _, _ in ADDITIONS.values())])
    try:
        with contextlib.ExitStack() as running:
            servers = {}
            for options in kinds:
                peer = dataclasses.replace(ours, command=f"{ours.command} {options}")
                servers[options] = running.enter_context(bench.start(peer, cpus=str(bench.args.generator_cpu)))
            for _ in range(bench.args.rounds * PAIRS):
                for name, (server, with_it, without) in ADDITIONS.items():
                    base = cost(bench, client, without, servers[""], requests)
                    more = cost(bench, client, with_it, servers[server], requests) - base
                    bench.results.add(name, ours.name, {"more_us": more})
    except (ServerFailed, RuntimeError, subprocess.TimeoutExpired) as error:
        bench.say(f"additions are left out: {error}")
        for name in ADDITIONS:
            bench.results.miss(name, ours.name, str(error))
        return
    for name in ADDITIONS:
        bench.say(f"{name:36} {bench.results.median(name, ours.name, 'more_us'):9.2f} µs more a call")

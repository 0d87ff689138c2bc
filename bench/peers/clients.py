"""Clients: what a unary call costs them, against one server."""

import json
import shlex
import subprocess

from peers import CLIENTS, PEERS, why_absent
from processes import ServerFailed

IN_FLIGHT = (1, 64)
# Whichever of these is here answers; it speaks all protocols.
SERVERS = ("connect-rust", "connect-go", "connect-cpp")


def call(bench, client, server, in_flight: int, requests: int) -> dict:
    command = bench.fill(client.command).replace("{target}", f"127.0.0.1:{server.port}")
    command = command.replace("{in_flight}", str(in_flight)).replace("{requests}", str(requests))
    words = ["taskset", "-c", str(bench.args.server_cpu), "env", *[f"{k}={v}" for k, v in bench.environment(client).items()]]
    ran = subprocess.run([*words, *shlex.split(command)], capture_output=True, text=True, timeout=120, check=False)
    if ran.returncode != 0:
        raise RuntimeError(" ".join(ran.stderr.split())[:200] or f"it ended with {ran.returncode}")
    return json.loads(ran.stdout)


def part_clients(bench, _) -> None:
    known = {peer.name: peer for peer in PEERS}
    usable = [known[name] for name in SERVERS if not why_absent(bench.command(known[name]))]
    clients = bench.present(CLIENTS, "client")
    if not usable or not clients:
        return
    bench.results.about["clients' server"] = usable[0].name
    rates: dict[tuple, float] = {}
    try:
        server = bench.start(usable[0], cpus=str(bench.args.generator_cpu))
    except ServerFailed as error:
        bench.say(f"clients are left out: {error}")
        return
    with server:
        for _ in range(bench.args.rounds):
            for in_flight in IN_FLIGHT:
                case = f"client {in_flight} in flight"
                for client in clients:
                    if client.name in bench.results.missing.get(case, {}):
                        continue
                    try:
                        key = (client.name, in_flight)
                        if key not in rates:
                            rates[key] = call(bench, client, server, in_flight, 4096)["rps"]
                        requests = max(in_flight, int(rates[key] * bench.args.seconds) // in_flight * in_flight)
                        figures = call(bench, client, server, in_flight, requests)
                    except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
                        bench.results.miss(case, client.name, str(error))
                        bench.say(f"{case}: {client.name} is left out: {error}")
                        continue
                    figures["rate"] = figures.pop("rps")
                    bench.results.add(case, client.name, figures)
                    bench.say(f"{case:32} {client.name:20} {figures['cpu_us']:9.2f} µs {figures['rate']:11,.0f}/s")

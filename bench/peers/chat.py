"""Ping-pong on bidirectional streams. The generator is tonic's client."""

import json
import subprocess

from processes import ServerFailed, cpu_seconds

SHAPES = [(1, 64), (8, 8), (1, 1)]  # connections, streams on each
LEAST = 6400


def converse(bench, server, shape: tuple[int, int], messages: int) -> dict:
    connections, streams = shape
    command = ["taskset", "-c", str(bench.args.generator_cpu), str(bench.args.built / "rust/chat"),
               "--target", f"127.0.0.1:{server.port}", "--connections", str(connections), "--streams", str(streams),
               "--messages", str(messages)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if ran.returncode != 0:
        raise RuntimeError(" ".join(ran.stderr.split())[:200] or f"the generator ended with {ran.returncode}")
    return json.loads(ran.stdout)


def part_chat(bench, peers) -> None:
    if not (bench.args.built / "rust/chat").exists():
        bench.say("ping-pong is left out: its generator is built with tonic, which is not here")
        for shape in SHAPES:
            bench.results.miss(f"chat {shape[0]}x{shape[1]}", "all", "the generator is built with tonic, which is not here")
        return
    rates: dict[tuple, float] = {}
    peers = [peer for peer in peers if peer.grpc and not peer.echoes_only and not peer.answers_files]
    for _ in range(bench.args.rounds):
        for shape in SHAPES:
            case = f"chat {shape[0]}x{shape[1]}"
            for peer in peers:
                if peer.name in bench.results.missing.get(case, {}):
                    continue
                try:
                    with bench.start(peer) as server:
                        warm = converse(bench, server, shape, LEAST)
                        rate = rates.setdefault((peer.name, shape), warm["rps"])
                        messages = max(LEAST, int(rate * bench.args.seconds) // 64 * 64)
                        spent = cpu_seconds(server.pids)
                        figures = converse(bench, server, shape, messages)
                        spent = cpu_seconds(server.pids) - spent
                except (RuntimeError, ServerFailed, subprocess.TimeoutExpired) as error:
                    bench.results.miss(case, peer.name, str(error))
                    bench.say(f"{case}: {peer.name} is left out: {error}")
                    continue
                bench.results.add(case, peer.name, {
                    "cpu_us": spent / figures["done"] * 1e6, "rate": figures["rps"], "p50_us": figures["p50_us"],
                    "p99_us": figures["p99_us"]})
                bench.say(f"{case:32} {peer.name:20} {spent / figures['done'] * 1e6:9.2f} µs {figures['rps']:11,.0f}/s")

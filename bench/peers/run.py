#!/usr/bin/env python3
"""Measures our server and client beside those of others, on this machine. docs/performance.md says how to read it."""

import argparse
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import additions
import build_costs
import chat
import clients
import generator
import growth
import growth_plot
import idle
import instructions
import loops
import plot
import report
import syscalls
from cases import CASES, Case
from peers import BLOCKING, PEERS, Peer, why_absent
from processes import Place, Server, ServerFailed, rss_kib, sizes_kib, thread_count
from results import Results

SOURCE = Path(__file__).resolve().parent


class Bench:
    """What all parts share: options, folders, results."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.out = args.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.server_place = Place(str(args.server_cpu))
        self.generator_place = Place(str(args.generator_cpu))
        self.tls = self.out / "tls"
        self.static = self.out / "static"
        self.bodies = Path(tempfile.mkdtemp(prefix="bench-"))
        self.logs = self.out / "logs"
        for folder in (self.tls, self.static, self.logs):
            folder.mkdir(exist_ok=True)
        self.results = Results()
        self.results.about |= {"rounds": args.rounds, "seconds": args.seconds}
        self.answer_bytes: dict[tuple[str, str], int] = {}
        self.begun = time.monotonic()
        self._make_certificate()
        self._write_bodies()

    def _make_certificate(self) -> None:
        if (self.tls / "cert.pem").exists():
            return
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "365",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", self.tls / "key.pem", "-out", self.tls / "cert.pem"], check=True, capture_output=True)

    def _write_bodies(self) -> None:
        for case in CASES:
            self.body(case).write_bytes(case.request)
            (self.static / generator.static_name(case)).write_bytes(case.response)

    def body(self, case: Case) -> Path:
        return self.bodies / case.name.replace(" ", "_").replace("/", "")

    def able(self, peer: Peer, case: Case, name: str) -> bool:
        """Whether it can do a case; notes why not."""
        if why := peer.unable(case):
            self.results.miss(name, peer.name, why)
        return why is None

    def fill(self, text: str) -> str:
        known = {"built": self.args.built, "ours": self.args.ours, "tls": self.tls, "static": self.static, "source": SOURCE}
        for name, path in known.items():
            text = text.replace("{" + name + "}", str(path))
        return text

    def command(self, peer: Peer, variant: str = "plain") -> list[str]:
        command = peer.variant(variant)
        return shlex.split(self.fill(command)) if command else []

    def environment(self, peer: Peer) -> dict[str, str]:
        return {name: self.fill(value) for name, value in peer.environment.items()}

    def start(self, peer: Peer, variant: str = "plain", cpus: str = "", prefix: tuple[str, ...] = ()) -> Server:
        command = [*prefix, *self.command(peer, variant)]
        log = self.logs / f"{peer.name.replace(' ', '_')}.log"
        return Server(command, Place(cpus) if cpus else self.server_place, self.environment(peer), log, peer.patience)

    def present(self, peers: list[Peer], case: str) -> list[Peer]:
        """Those that can be started; says why the others cannot."""
        out = []
        for peer in peers:
            why = why_absent(self.command(peer))
            if why:
                self.results.miss(case, peer.name, why)
                self.say(f"{peer.name} is left out: {why}")
            else:
                self.results.kinds.setdefault(peer.name, peer.kind)
                out.append(peer)
        return out

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:6.0f} s  {text}", file=sys.stderr, flush=True)

    def save(self) -> None:
        self.results.save(self.out / "report.json")
        (self.out / "report.md").write_text(report.markdown(self.results))
        (self.out / "report.svg").write_text(plot.svg(self.results))
        if growing := growth_plot.svg(self.results):
            (self.out / "growth.svg").write_text(growing)


def start_all(bench: Bench, peers: list[Peer], variant: str, cases: list[Case]) -> dict[str, Server]:
    servers = {}
    for peer in peers:
        able = []
        for case in cases:
            if why := peer.unable(case):
                bench.results.miss(case.name, peer.name, why)
            else:
                able.append(case)
        if cases and not able:
            continue
        try:
            servers[peer.name] = bench.start(peer, variant)
        except ServerFailed as error:
            bench.say(f"{peer.name} ({variant}) is left out: {error}")
            for case in able:
                bench.results.miss(case.name, peer.name, str(error))
    return servers


def measure_case(bench: Bench, peer: Peer, server: Server, case: Case, name: str) -> None:
    results = bench.results
    if peer.name in results.missing.get(name, {}):
        return
    try:
        key = (peer.name, name)
        if key not in bench.answer_bytes:
            bench.answer_bytes[key] = generator.check(server, case, bench.body(case), peer.answers_files)
        if not server.alive:
            raise generator.Unmeasured("the server died")
        figures = generator.measure(server, case, bench.body(case), bench.answer_bytes[key], bench.generator_place,
                                    peer.answers_files, bench.args.seconds, peer.warmup)
    except generator.Unmeasured as error:
        results.miss(name, peer.name, str(error))
        bench.say(f"{name}: {peer.name} is left out: {error}")
        return
    results.add(name, peer.name, figures)
    bench.say(f"{name:32} {peer.name:20} {figures['cpu_us']:9.2f} µs {figures['rate']:11,.0f}/s  server "
              f"{figures['server_busy']:4.0%} generator {figures['generator_busy']:4.0%} others {figures['others_busy']:4.0%}")


def part_load(bench: Bench, peers: list[Peer]) -> None:
    """The cases of h2load, peers interleaved."""
    cases = [case for case in CASES if re.search(bench.args.cases, case.name)]
    for variant in ("plain", "gzip", "tls"):
        wanted = [case for case in cases if case.variant == variant]
        if not wanted:
            continue
        for round_number in range(bench.args.rounds):
            bench.say(f"round {round_number + 1} of {bench.args.rounds}, {variant}")
            servers = start_all(bench, peers, variant, wanted)
            sizes = {name: (*sizes_kib(server.pids), rss_kib(server.pids)) for name, server in servers.items()}
            try:
                for case in wanted:
                    for peer in peers:
                        if peer.name in servers:
                            measure_case(bench, peer, servers[peer.name], case, case.name)
                if variant == "plain":
                    for name, server in servers.items():
                        if server.alive:
                            executable, libraries, idle = sizes[name]
                            bench.results.add("memory", name, {
                                "executable_kib": executable, "libraries_kib": libraries, "idle_kib": idle,
                                "after_kib": rss_kib(server.pids), "threads": thread_count(server.pids)})
            finally:
                for server in servers.values():
                    server.stop()
            bench.save()


def part_blocking(bench: Bench, peers: list[Peer]) -> None:
    """Servers whose handlers block."""
    peers = bench.present(BLOCKING, "blocking")
    for _ in range(bench.args.rounds):
        servers = start_all(bench, peers, "plain", [])
        try:
            for case in (Case("grpc", "tiny", 8, 32), Case("grpc", "tiny", 1, 1)):
                for peer in peers:
                    if peer.name in servers:
                        measure_case(bench, peer, servers[peer.name], case, case.name.replace("grpc", "blocking"))
        finally:
            for server in servers.values():
                server.stop()


PARTS = {
    "load": part_load,
    "chat": chat.part_chat,
    "clients": clients.part_clients,
    "blocking": part_blocking,
    "idle": idle.part_idle,
    "loops": loops.part_loops,
    "additions": additions.part_additions,
    "growth": growth.part_growth,
    "syscalls": syscalls.part_syscalls,
    "instructions": instructions.part_instructions,
    "build": build_costs.part_build,
}


def chosen_peers(args: argparse.Namespace) -> list[Peer]:
    """Those named, or all that are not slow; and servers of the user's own (NAME=COMMAND), taken for ours."""
    known = {peer.name: peer for peer in PEERS}
    peers = []
    for word in args.peers or [peer.name for peer in PEERS if not peer.slow]:
        name, is_command, command = word.partition("=")
        if is_command:
            peers.append(Peer(name, command, "--tls {tls}", "", kind="ours", connect=True, http1=True))
        elif name in known:
            peers.append(known[name])
        else:
            sys.exit(f"no peer \"{name}\"; there are: {', '.join(known)}, or NAME=COMMAND with {{port}}")
    return peers


def folder(text: str) -> Path:
    """Absolute: some commands run elsewhere."""
    return Path(text).resolve()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="./dev bench peers")
    parser.add_argument("peers", nargs="*", metavar="PEER", help="default: all but the slow ones; or NAME=COMMAND with {port}: "
                        "another build of ours; known: " + ", ".join(peer.name for peer in PEERS))
    parser.add_argument("--ours", type=folder, required=True, help="the folder of bench_server and bench_client")
    parser.add_argument("--built", type=folder, required=True, help="where build.sh has put the peers")
    parser.add_argument("--out", type=folder, required=True, help="folder for report.md, report.json and report.svg")
    parser.add_argument("--parts", default=",".join(PARTS), help="default: all: %(default)s")
    parser.add_argument("--cases", default="", help="regular expression for the part load, as \"grpc (tiny|1k) 8x32\"")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one measurement; default %(default)s")
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--generator-cpu", type=int, default=1)
    parser.add_argument("--nice", type=int, default=0, help="added to the nice value; below 0 (as root) on a machine that "
                        "others use")
    parser.add_argument("--connections", type=int, default=10_000, help="of the part idle; default %(default)s")
    parser.add_argument("--report", action="store_true", help="measure nothing: write the report of --out again")
    args = parser.parse_args()
    parts = args.parts.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"no part \"{unknown[0]}\"; there are: {', '.join(PARTS)}")
    if args.rounds < 1 or args.seconds <= 0:
        parser.error("--rounds and --seconds must be more than 0")
    os.nice(args.nice)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are ended
    bench = Bench(args)
    if args.report:
        bench.results = Results.load(args.out / "report.json")
    else:
        peers = bench.present(chosen_peers(args), "all cases")
        try:
            for part in parts:
                PARTS[part](bench, peers)
        finally:
            bench.save()
    bench.save()
    print((args.out / "report.md").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())

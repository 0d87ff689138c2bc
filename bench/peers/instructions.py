"""User instructions a call, by callgrind: the difference of two runs, so that starting up does not count."""

import dataclasses
import re
import shutil
import tempfile
import time
from pathlib import Path

import generator
from cases import Case
from processes import ServerFailed

CASES = [Case("grpc", "tiny", 8, 32), Case("connect", "tiny", 8, 32), Case("grpc", "log50", 8, 32)]
FEW, MANY = 8 * 32 * 8, 8 * 32 * 40
# What callgrind can follow, and what does not take minutes.
NATIVE = ("connect-cpp", "tonic", "grpc++ queue", "nghttpd", "connect-rust")


def collected(bench, peer, case: Case, requests: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        prefix = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--log-file={log}")
        with bench.start(dataclasses.replace(peer, patience=60), prefix=prefix) as server:
            time.sleep(1)
            ran = generator.h2load(server, case, bench.body(case), bench.args.generator_cpu, peer.answers_files, requests)
        if ran["good"] != requests:
            raise generator.Unmeasured(f"of {requests} calls {ran['good']:.0f} were answered with 2xx")
        found = re.search(r"Collected : (\d+)", log.read_text())
    if not found:
        raise generator.Unmeasured("callgrind told no count")
    return int(found[1])


def part_instructions(bench, peers) -> None:
    if not shutil.which("valgrind"):
        bench.say("instructions are left out: valgrind is not here")
        bench.results.miss("instructions", "all", "valgrind is not here")
        return
    for case in CASES:
        name = f"instructions {case.name}"
        for peer in peers:
            if (peer.name not in NATIVE and peer.kind != "ours") or not bench.able(peer, case, name):
                continue
            try:
                with bench.start(peer) as server:
                    generator.check(server, case, bench.body(case), peer.answers_files)
                few, many = (collected(bench, peer, case, requests) for requests in (FEW, MANY))
            except (ServerFailed, generator.Unmeasured) as error:
                bench.results.miss(name, peer.name, str(error))
                continue
            figure = (many - few) / (MANY - FEW)
            bench.results.add(name, peer.name, {"instructions": figure})
            bench.say(f"{name:44} {peer.name:16} {figure:9,.0f}")

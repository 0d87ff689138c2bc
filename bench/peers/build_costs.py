"""What building costs: the library, a generated header over that of its messages, a generated source, a small server.

Seconds are CPU time, which others on the machine change least; of the library divided by the CPUs that it was built on."""

import json
import os
import resource
import shlex
import subprocess
import tempfile
from pathlib import Path

from processes import stripped_kib

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = os.environ | {"CCACHE_DISABLE": "1"}


def cpu_seconds_of(command: list[str], folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:3])} …: {(ran.stderr or ran.stdout).strip()[-200:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least(command: list[str], folder: Path, rounds: int) -> float:
    return min(cpu_seconds_of(command, folder) for _ in range(rounds))


def our_command(build: Path, suffix: str) -> list[str]:
    """How the build compiles a source of ours, without its input and output, and without debug information."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if entry["file"].endswith(suffix):
            words = shlex.split(entry["command"])
            if "ccache" in words[0]:
                words = words[1:]
            keep = []
            skip = False
            for word in words:
                if skip or word in ("-c", entry["file"]):
                    skip = False
                    continue
                skip = word in ("-o", "-MF", "-MT")
                if not skip and word not in ("-MD", "-g"):
                    keep.append(word)
            return keep
    raise RuntimeError(f"{build} compiles no {suffix}")


def header_cost(command: list[str], messages: str, service: str, folder: Path, rounds: int) -> float:
    """How much longer a source takes that includes `service`, and so `messages`, than one that includes these alone."""
    seconds = []
    for header in (messages, service):
        source = folder / "one.cc"
        source.write_text(f'#include "{header}"\n')
        seconds.append(least([*command, "-c", str(source), "-o", str(folder / "one.o")], folder, rounds))
    return seconds[1] - seconds[0]


def library_seconds(folder: Path) -> float:
    build = folder / "library"
    cpus = len(os.sched_getaffinity(0))
    cpu_seconds_of(["cmake", "-S", str(ROOT), "-B", str(build), "-G", "Ninja", "-D", "CMAKE_BUILD_TYPE=Release",
                    "-D", "CONNECTRPC_BUILD_TESTS=OFF", "-D", "CONNECTRPC_BUILD_BENCH=OFF",
                    "-D", "CMAKE_CXX_COMPILER_LAUNCHER="], folder)
    return cpu_seconds_of(["cmake", "--build", str(build), "--target", "connectrpc", "-j", str(cpus)], folder) / cpus


def libraries_kib(program: Path) -> int:
    """The shared libraries that a program is linked with, besides those that every C++ program has."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    total = 0
    for line in listed.splitlines():
        words = line.split()
        if len(words) > 2 and words[1] == "=>" and words[2].startswith("/"):
            if not words[0].startswith(("libc.", "libm.", "libstdc++", "libgcc_s", "libpthread", "ld-")):
                total += os.path.getsize(os.path.realpath(words[2])) // 1024
    return total


def ours(bench, folder: Path, rounds: int) -> None:
    build = bench.args.ours.parent
    add, say = bench.results.add, bench.say
    command = our_command(build, "bench/v1/echo.connect.cc")
    generated = next(build.rglob("bench_proto/bench/v1/echo.connect.cc"))
    add("build header", "connect-cpp",
        {"seconds": header_cost(command, "bench/v1/echo.pb.h", "bench/v1/echo.connect.h", folder, rounds)})
    add("build generated source", "connect-cpp",
        {"seconds": least([*command, "-c", str(generated), "-o", str(folder / "one.o")], folder, rounds)})
    server = bench.args.ours / "bench_server"
    add("build minimal server", "connect-cpp", {"size_kib": stripped_kib(str(server)) + libraries_kib(server)})
    say("building the library anew, without a compiler cache")
    add("build library", "connect-cpp", {"seconds": library_seconds(folder)})


def grpcpp(bench, folder: Path, rounds: int) -> None:
    flags = subprocess.run(["pkg-config", "--cflags", "grpc++"], capture_output=True, text=True, check=True).stdout.split()
    generated = bench.args.built / "work/grpcpp-build"
    command = ["g++", "-std=c++20", "-O2", "-DNDEBUG", f"-I{generated}", *flags]
    bench.results.add("build header", "grpc++", {
        "seconds": header_cost(command, "bench/v1/echo.pb.h", "bench/v1/echo.grpc.pb.h", folder, rounds)})
    source = generated / "bench/v1/echo.grpc.pb.cc"
    bench.results.add("build generated source", "grpc++", {
        "seconds": least([*command, "-c", str(source), "-o", str(folder / "one.o")], folder, rounds)})
    server = bench.args.built / "grpcpp/grpcpp_server"
    bench.results.add("build minimal server", "grpc++", {"size_kib": stripped_kib(str(server)) + libraries_kib(server)})


def part_build(bench, _) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-build-") as name:
        for peer, measure in (("connect-cpp", ours), ("grpc++", grpcpp)):
            if peer == "grpc++" and not (bench.args.built / "grpcpp/grpcpp_server").exists():
                bench.results.miss("build", peer, "not built")
                continue
            bench.results.kinds.setdefault(peer, "ours" if peer == "connect-cpp" else "peer")
            try:
                measure(bench, Path(name), bench.args.rounds)
            except (RuntimeError, OSError, StopIteration, subprocess.CalledProcessError) as error:
                bench.results.miss("build", peer, str(error))
                bench.say(f"building, {peer}: {error}")
    for case in ("build header", "build generated source", "build minimal server", "build library"):
        for peer in bench.results.peers(case):
            bench.say(f"{case:32} {peer:20} {bench.results.samples[case][peer][-1]}")

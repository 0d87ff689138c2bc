"""How the cost of a call grows with the work: calls at once, connections, the size of a message, headers."""

from dataclasses import dataclass

import generator
from cases import Case
from payloads import PAYLOADS, field
from processes import ServerFailed, allow_files

# A connection's beginning is to weigh little in the cost of its calls.
CALLS_A_CONNECTION = 20
# What one measurement moves at most.
LARGEST_VOLUME = 4 << 30


@dataclass(frozen=True)
class Series:
    """`cases[i]` has the amount `amounts[i]` of what grows."""

    name: str
    unit: str
    amounts: tuple[int, ...]
    cases: tuple[Case, ...]


def echo_of(size: int) -> str:
    """The name of a payload of `size` bytes, which there is from now on."""
    name = f"{size}B"
    message = field(2, b"x" * size)
    PAYLOADS[name] = ("Echo", message, message, 1, 1)
    return name


def series_of(name: str, unit: str, amounts: tuple[int, ...], case) -> Series:
    return Series(name, unit, amounts, tuple(case(amount) for amount in amounts))


SERIES = (
    series_of("streams", "calls at once on one connection", (1, 4, 16, 64, 256), lambda n: Case("grpc", "tiny", 1, n)),
    series_of("connections", "connections with one call at a time", (1, 10, 100, 1_000, 10_000),
              lambda n: Case("grpc", "tiny", n, 1)),
    series_of("size", "bytes of the message, both ways; 8 calls at once", (10, 100, 1_000, 10_000, 100_000, 1_000_000, 2 << 20),
              lambda n: Case("grpc", echo_of(n), 1, 8)),
    series_of("headers", "headers of the request; 8x32 calls at once", (0, 3, 10, 30, 100),
              lambda n: Case("grpc", "tiny", 8, 32, extra_headers=n)),
)


def case_name(series: Series, amount: int) -> str:
    return f"growth {series.name} {amount}"


def measure(bench, peer, series: Series, amount: int, case: Case) -> None:
    name = case_name(series, amount)
    body = bench.bodies / f"growth-{case.payload}"
    body.write_bytes(case.request)
    if peer.answers_files:
        (bench.static / generator.static_name(case)).write_bytes(case.response)
    clients = case.connections * case.streams
    least = CALLS_A_CONNECTION * clients
    try:
        with bench.start(peer) as server:
            size = generator.check(server, case, body, peer.answers_files)
            figures = generator.measure(server, case, body, size, bench.generator_place, peer.answers_files,
                                        bench.args.seconds, warm_requests=max(least, 200), least=least,
                                        most=LARGEST_VOLUME // (len(case.request) + size))
    except (OSError, ServerFailed, generator.Unmeasured) as error:
        bench.results.miss(name, peer.name, str(error))
        bench.say(f"{name}: {peer.name} is left out: {error}")
        return
    bench.results.add(name, peer.name, figures)
    bench.say(f"{name:32} {peer.name:20} {figures['cpu_us']:9.2f} µs {figures['rate']:11,.0f}/s")


def part_growth(bench, peers) -> None:
    files = allow_files(max(SERIES[1].amounts) + 200)
    for series in SERIES:
        for amount, case in zip(series.amounts, series.cases):
            for peer in peers:
                if peer.unable(case):
                    continue
                if case.connections + 100 > files:
                    bench.results.miss(case_name(series, amount), peer.name, f"only {files} files may be open")
                    continue
                measure(bench, peer, series, amount, case)
        bench.save()

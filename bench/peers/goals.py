"""Where the library must stand, and where it does."""

from dataclasses import dataclass

from results import Results

OURS = "connect-cpp"


@dataclass(frozen=True)
class Goal:
    """`metric` of `ours` in `case` is at most `bound` times that of `against`: a peer, "best" of them, or "" for 1."""

    case: str
    metric: str
    bound: float
    against: str = "best"
    ours: str = OURS
    at_least: bool = False

    def row(self, results: Results) -> list[str] | None:
        """Case, goal, ours, theirs, ratio, verdict; None if nothing was measured."""
        ours = results.median(self.case, self.ours, self.metric)
        if ours is None:
            return None
        if self.against == "best":
            found = results.best(self.case, self.metric)
        elif self.against:
            value = results.median(self.case, self.against, self.metric)
            found = (self.against, value) if value is not None else None
        else:
            found = ("", 1.0)
        sign = "≥" if self.at_least else "≤"
        goal = f"{sign} {self.bound:g}" + (f" × {self.against}" if self.against else f" {UNITS.get(self.metric, '')}")
        if found is None or found[1] == 0:
            return [self.case, METRICS.get(self.metric, self.metric), goal, number(ours), "–", "–", "no peer"]
        ratio = ours / found[1]
        good = ratio >= self.bound if self.at_least else ratio <= self.bound
        theirs = f"{number(found[1])} ({found[0]})" if found[0] else "–"
        verdict = "yes" if good else f"no, {ratio / self.bound:.2f} × the goal"
        return [self.case, METRICS.get(self.metric, self.metric), goal.strip(), number(ours), theirs,
                f"{ratio:.2f}" if found[0] else "–", verdict]


METRICS = {
    "cpu_us": "CPU-µs", "p50_us": "p50", "p99_us": "p99", "kib": "KiB a connection", "idle_kib": "RSS idle",
    "after_kib": "RSS after load", "calls": "system calls a call", "instructions": "user instructions a call",
    "speedup": "calls, two loops to one", "cost": "CPU-µs, two loops to one", "more_us": "CPU-µs more",
    "seconds": "seconds", "size_kib": "KiB",
}
UNITS = {
    "cpu_us": "µs", "more_us": "µs", "kib": "KiB", "idle_kib": "KiB", "after_kib": "KiB", "seconds": "s", "size_kib": "KiB",
}


def number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


GOALS = [
    *[
        goal
        for protocol in ("grpc", "connect")
        for goal in (
            Goal(f"{protocol} tiny 8x32", "cpu_us", 0.6),
            Goal(f"{protocol} tiny 8x32", "cpu_us", 1.3, "nghttpd"),
            Goal(f"{protocol} 1k 8x32", "cpu_us", 0.75),
            Goal(f"{protocol} 1k 8x32", "cpu_us", 1.3, "nghttpd"),
        )
    ],
    Goal("grpc 64k 8x32", "cpu_us", 0.9),
    Goal("grpc 64k 1x1", "cpu_us", 0.9),
    Goal("grpc log50 8x32", "cpu_us", 40, ""),
    Goal("grpc log50 8x32", "cpu_us", 0.7, "tonic"),
    Goal("grpc stream 8x4", "cpu_us", 0.8),
    Goal("grpc upload 8x4", "cpu_us", 1.0),
    Goal("chat 1x64", "cpu_us", 0.8),
    Goal("chat 8x8", "cpu_us", 0.8),
    Goal("chat 1x1", "cpu_us", 1.0),
    Goal("connect tiny http/1.1 64x1", "cpu_us", 0.9),
    Goal("json tiny 8x32", "cpu_us", 1.0),
    Goal("json tiny http/1.1 64x1", "cpu_us", 1.1),
    Goal("grpc text1k gzip 8x32", "cpu_us", 1.0),
    Goal("grpc text16k gzip 8x32", "cpu_us", 1.0),
    Goal("connect text1k gzip 8x32", "cpu_us", 1.0),
    Goal("connect text16k gzip 8x32", "cpu_us", 1.0),
    Goal("grpc tiny tls 8x32", "cpu_us", 0.6),
    Goal("grpc 64k tls 8x32", "cpu_us", 1.05),
    Goal("grpc tiny 1x1", "cpu_us", 1.1, "nghttpd"),
    Goal("grpc tiny 1x1", "p50_us", 1.0, "tonic"),
    Goal("grpc tiny 1x1", "p99_us", 1.0),
    Goal("client 1 in flight", "cpu_us", 0.95),
    Goal("client 64 in flight", "cpu_us", 0.6),
    Goal("blocking tiny 8x32", "cpu_us", 0.7, ours="connect-cpp blocking"),
    Goal("blocking tiny 1x1", "cpu_us", 0.8, ours="connect-cpp blocking"),
    Goal("memory", "idle_kib", 8 * 1024, ""),
    Goal("memory", "after_kib", 12 * 1024, ""),
    Goal("idle connection plain", "kib", 12, ""),
    Goal("idle connection tls", "kib", 23, ""),
    Goal("two loops log50", "speedup", 1.7, "", at_least=True),
    Goal("two loops tiny", "cost", 1.1, ""),
    Goal("adds server interceptor", "more_us", 0.1, ""),
    Goal("adds channel interceptor", "more_us", 0.1, ""),
    Goal("adds server coroutine", "more_us", 0.1, ""),
    Goal("adds channel coroutine", "more_us", 0.1, ""),
    Goal("adds ten headers each way", "more_us", 1.5, ""),
    Goal("adds ten headers each way http/1.1", "more_us", 1.5, ""),
    Goal("system calls connect tiny http/1.1 64x1", "calls", 2.3, ""),
    Goal("system calls grpc tiny 1x1", "calls", 3.05, ""),
    Goal("system calls grpc tiny 8x32", "calls", 0.1, ""),
    Goal("system calls grpc 1k 8x32", "calls", 0.3, ""),
    Goal("system calls grpc stream 8x4", "calls", 12, ""),
    Goal("instructions grpc tiny 8x32", "instructions", 25_000, ""),
    Goal("build library", "seconds", 90, ""),
    Goal("build header", "seconds", 0.4, ""),
    Goal("build generated source", "seconds", 1.5, ""),
    Goal("build minimal server", "size_kib", 1.0),
]

"""The report in Markdown."""

import statistics

from goals import GOALS, OURS, number
from results import Results


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|---" + "|---:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *["| " + " | ".join(row) + " |" for row in rows]]) + "\n"


def goal_table(results: Results) -> str:
    rows = [row for goal in GOALS if (row := goal.row(results))]
    if not rows:
        return ""
    reached = sum(row[-1] == "yes" for row in rows)
    return (f"## Goals: {reached} of {len(rows)} reached\n\n" +
            table(["case", "figure", "goal", "connect-cpp", "theirs", "ratio", "reached"], rows))


# The groups of tables: their cases begin with one of these words.
GROUPS = [
    ("Server CPU-µs a call (a message, where a call has many)", ("grpc", "connect", "json"), "cpu_us"),
    ("Calls a second (messages, where a call has many)", ("grpc", "connect", "json"), "rate"),
    ("Latency, one call at a time, p50 µs", ("grpc", "connect"), "p50_us"),
    ("Latency, one call at a time, p99 µs", ("grpc", "connect"), "p99_us"),
    ("Ping-pong: server CPU-µs a message", ("chat",), "cpu_us"),
    ("Ping-pong: p50 µs", ("chat",), "p50_us"),
    ("Blocking handlers: server CPU-µs a call", ("blocking",), "cpu_us"),
    ("Clients: CPU-µs a call", ("client",), "cpu_us"),
    ("Clients: p50 µs", ("client",), "p50_us"),
    ("Memory of an idle connection, KiB", ("idle",), "kib"),
    ("Two loops: calls to one loop's", ("two",), "speedup"),
    ("Two loops: CPU-µs a call to one loop's", ("two",), "cost"),
    ("What is added to a call, CPU-µs of client and server together", ("adds",), "more_us"),
    ("Server CPU-µs a call as the work grows", ("growth",), "cpu_us"),
    ("System calls a call", ("system",), "calls"),
    ("User instructions a call", ("instructions",), "instructions"),
    ("Build: seconds", ("build",), "seconds"),
    ("Build: KiB", ("build",), "size_kib"),
]


def group_table(results: Results, title: str, words: tuple[str, ...], metric: str) -> str:
    cases = [case for case in results.samples if case.split()[0] in words]
    peers = [peer for peer in results.kinds if any(results.median(case, peer, metric) is not None for case in cases)]
    rows = []
    for case in cases:
        best = results.best(case, metric)
        cells = []
        for peer in peers:
            value = results.median(case, peer, metric)
            cell = number(value)
            if best and best[0] == peer and metric != "rate":
                cell = f"**{cell}**"
            cells.append(cell)
        if set(cells) <= {"–"}:
            continue
        if metric == "cpu_us":
            ours = results.median(case, peers[0], metric) if results.kinds[peers[0]] == "ours" else None
            cells.append(f"{ours / best[1]:.2f}" if ours and best and best[1] else "–")
        rows.append([case, *cells])
    if not rows:
        return ""
    head = ["case", *peers] + (["to the best peer"] if metric == "cpu_us" else [])
    return f"## {title}\n\n" + table(head, rows)


def memory_table(results: Results) -> str:
    metrics = ("executable_kib", "libraries_kib", "idle_kib", "after_kib", "threads")
    rows = [[peer, *[number(results.median("memory", peer, metric)) for metric in metrics]]
            for peer in results.kinds if peer in results.peers("memory")]
    if not rows:
        return ""
    return ("## Sizes and memory, KiB\n\n" +
            table(["server", "executable", "shared libraries", "RSS idle", "RSS after load", "threads"], rows))


# What a peer's documentation says needs no reason in each report.
BY_NATURE = ("does not speak Connect", "does not speak gRPC", "does not speak HTTP/1.1", "only echoes",
             "does no work on a message", "cannot do tls", "cannot do gzip")


def missing_list(results: Results) -> str:
    reasons: dict[tuple[str, str], list[str]] = {}
    for case, peers in results.missing.items():
        for peer, why in peers.items():
            if why in BY_NATURE:
                continue
            reasons.setdefault((peer, why), []).append(case)
    if not reasons:
        return ""
    lines = []
    for (peer, why), cases in reasons.items():
        some = ", ".join(cases[:3]) + (f" and {len(cases) - 3} more" if len(cases) > 3 else "")
        lines.append(f"- {peer} ({some}): {why}")
    return "## Not measured\n\n" + "\n".join(lines) + "\n"


def conditions(results: Results) -> str:
    others = [s["others_busy"] for peers in results.samples.values() for samples in peers.values() for s in samples
              if s.get("others_busy") is not None]
    spreads = results.spreads("cpu_us")
    words = [f"{results.about['machine']}; {results.about.get('rounds', '?')} rounds of "
             f"{results.about.get('seconds', '?')} s a case; medians."]
    if others:
        words.append(f"Others used {statistics.median(others):.0%} of a core during a measurement (median; most "
                     f"{max(others):.0%}).")
    if spreads:
        words.append(f"Spread of the CPU figure over rounds, (most - least) / median: {statistics.median(spreads):.0%} "
                     f"(median; most {max(spreads):.0%}).")
    return " ".join(words) + "\n"


def markdown(results: Results) -> str:
    parts = ["# Side by side\n", conditions(results), goal_table(results)]
    parts += [group_table(results, *group) for group in GROUPS]
    parts += [memory_table(results), missing_list(results)]
    notes = (f"{OURS} is ours; bold is the best peer, which neither we nor the yardsticks (nghttpd with a static file, hyper "
             "without RPC) can be.\n")
    return "\n".join(part for part in [*parts[:2], notes, *parts[2:]] if part)

"""docs/differences.md, made of what the test has seen."""

import pathlib
import re

import known
import odd
from ends import HERE

HEAD = """# Differences from other implementations

The interop test writes this page, and fails when the page says something else than it sees. It runs the same calls between
this library and connect-go, connect-python, grpclib, grpc++ and others, each as client and as server, and compares every
value: text and binary metadata, several values of one name, errors with metadata and details, trailers, timeouts, in unary
calls and streams. Whatever is not named here came out the same at both ends.

"""


def versions() -> str:
    pins = (HERE / "python" / "requirements.txt").read_text(encoding="utf-8")
    module = (HERE / "go" / "go.mod").read_text(encoding="utf-8")
    node = (HERE / "connect_node" / "package.json").read_text(encoding="utf-8")
    found = [
        ("connect-go", re.search(r"connectrpc\.com/connect v(\S+)", module)),
        ("connect-node", re.search(r'connect-node": "([^"]+)"', node)),
        ("connect-python", re.search(r"^connectrpc==(\S+)", pins, re.MULTILINE)),
        ("grpclib", re.search(r"^grpclib==(\S+)", pins, re.MULTILINE)),
    ]
    named = ", ".join(f"{name} {match[1]}" for name, match in found)
    return f"Seen with {named}, and the grpc++ of Debian 12.\n"


def render(seen: dict[str, set[str]], tables: dict[str, dict]) -> str:
    """`seen`: scenarios by difference; `tables`: for each of odd.TABLES, verdicts by case and column."""
    lines = [HEAD, versions(), "\n## In ordinary calls\n\n"]
    lines.append("| Implementation | As | What it does | What this library does | Scenarios |\n|---|---|---|---|---|\n")
    for difference in known.DIFFERENCES:
        makes = ", ".join(difference.makes)
        count = len(seen.get(difference.name, ()))
        lines.append(f"| {makes} | {difference.end} | {difference.theirs} | {difference.ours} | {count} |\n")
    for fact in known.FACTS:
        lines.append(f"| {fact.make} | type | {fact.theirs} | {fact.ours} | |\n")
    for table in odd.TABLES:
        columns = list(dict.fromkeys(column.title for column in table.columns))
        lines.append(f"\n## {table.title}\n\n{table.about}\n\n")
        lines.append(f"| | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}\n")
        for case in table.cases:
            cells = (" / ".join(tables[table.title][case.what][column]) for column in columns)
            lines.append(f"| {case.what} | {' | '.join(cells)} |\n")
    return "".join(lines)


def faults(path: pathlib.Path, text: str) -> list[str]:
    """Where the page on disk says something else."""
    there = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    here = text.splitlines()
    old = [f"page: {line}" for line in there if line not in here]
    return old + [f"seen: {line}" for line in here if line not in there] if there != here else []

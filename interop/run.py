#!/usr/bin/env python3
"""Puts our programs together with those of others and compares every value of every scenario.

Each end is a program or a command-line tool; a combination of two ends, protocol, codec, HTTP version and TLS is one
row; each scenario of scenarios.py in a row is one case."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import time

import known
import odd
import page
import tools
from ends import Server
from expected import differences, expected_outcome
from peers import Peers, Row
from scenarios import CONVERSE, SCENARIOS


def make_certificates(work: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path, pathlib.Path]:
    """An authority, and a certificate with its key that it has signed."""
    authority, authority_key = work / "ca.pem", work / "ca-key.pem"
    certificate, key, request = work / "cert.pem", work / "key.pem", work / "cert.req"
    elliptic = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=CA:FALSE"]
    for words in (
        ["req", "-x509", *elliptic, "-days", "2", "-subj", "/CN=interop CA", "-keyout", authority_key, "-out", authority],
        ["req", *elliptic, "-subj", "/CN=localhost", *names, "-keyout", key, "-out", request],
        ["x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2"]
        + ["-copy_extensions", "copyall", "-out", certificate],
    ):
        subprocess.run(["openssl", *words], check=True, capture_output=True)
    return authority, certificate, key


def make_schema(work: pathlib.Path) -> pathlib.Path:
    """The descriptors of interop.proto, for those who read a schema when they start."""
    schema = work / "interop.descriptors"
    proto = pathlib.Path(__file__).parent / "proto"
    command = ["protoc", "-I", proto, "--include_imports", f"--descriptor_set_out={schema}", "interop/v1/interop.proto"]
    subprocess.run(command, check=True)
    return schema


@dataclasses.dataclass
class Result:
    """Of one row, or of a part that is none."""

    title: str
    passed: int = 0
    failed: int = 0
    lines: list[str] = dataclasses.field(default_factory=list)
    # Names of the known differences that were seen, each with the scenarios.
    shown: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    seconds: float = 0

    def fail(self, what: str, faults: list[str]) -> None:
        self.failed += 1
        if self.failed <= 8:
            self.lines.append(f"  {self.title}: {what}")
            self.lines += [f"    {fault[:400]}" for fault in faults]

    def report(self) -> None:
        print("\n".join(self.lines), end="\n" if self.lines else "")
        state = "ok  " if self.failed == 0 else "FAIL"
        print(f"{state} {self.title}: {self.passed} of {self.passed + self.failed}, {self.seconds:.1f} s", flush=True)


class Run:
    """All servers, running, and what the rows need."""

    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.authority, self.certificate, self.key = make_certificates(args.work)
        self.peers = Peers(args, make_schema(args.work))
        self.servers: dict[str, Server] = {}

    def start(self, names: set[str]) -> None:
        for name in sorted(names):
            self.servers[name] = self.launch(name, name)
        for server in self.servers.values():
            server.wait()

    def launch(self, name: str, log: str) -> Server:
        program = self.peers.servers[name]
        command = [*program.command, "--cert", self.certificate, "--key", self.key]
        return Server(log, program.make, command, self.args.work, program.extra)

    def stop(self) -> Result:
        result = Result("our servers end well")
        for server in self.servers.values():
            status = server.stop()
            if server.make != "ours":
                continue
            if status == 0:
                result.passed += 1
            else:
                result.fail(server.name, [f"ended with status {status}; see {server.log.name}"])
        return result

    def row(self, number: int, row: Row) -> Result:
        started = time.monotonic()
        result = Result(str(row))
        client, server = self.peers.clients[row.client], self.servers[row.server]
        scenarios = [s for s in SCENARIOS if tools.can(client.make, server.make, row.way, s)]
        table = self.args.work / f"scenarios-{number}.json"
        early = row.way.http == 2 and not tools.cannot(server.make, tools.EARLY_HEADERS)
        table.write_text(json.dumps({"scenarios": [spelled(s, early) for s in scenarios]}), encoding="utf-8")
        outcomes, complaint = client.run(row.way, server.url(row.way), self.authority, table, scenarios)
        # Some of connect-python's HTTP client outlives its interpreter at times, and ends the process.
        if complaint and not (client.make in known.PYTHONS and len(outcomes) == len(scenarios)):
            result.fail("the client's end", [complaint])
        for scenario in scenarios:
            base = expected_outcome(scenario, row.way.protocol)
            wanted, shown = known.expected_of(base, scenario, row.way, client.make, server.make)
            faults = differences(wanted, scenario, outcomes.get(scenario["name"]))
            if faults:
                result.fail(scenario["name"], faults)
                continue
            result.passed += 1
            for difference in shown:
                result.shown.setdefault(difference.name, set()).add(scenario["name"])
        result.seconds = time.monotonic() - started
        return result

    def odd_column(self, number: int, table: odd.Table, column: odd.Column) -> tuple[Result, dict[str, str]]:
        """The verdict on each case; this library's are asserted."""
        started = time.monotonic()
        result, verdicts = Result(f"{table.title}: {column.client} -> {column.server}: {column.way}"), {}
        scenarios = [table.scenario(case) for case in table.cases]
        if table.spoils_servers:
            outcomes = self.spoiling_calls(number, column, scenarios)
        else:
            outcomes = self.odd_calls(number, column, self.servers[column.server], scenarios)
        for case in table.cases:
            outcome = outcomes[case.what]
            verdicts[case.what] = verdict = table.verdict(case, outcome)
            wrong = []
            if column.is_ours() and verdict != case.wanted(column.way):
                wrong.append(f"wanted {case.wanted(column.way)}, got {verdict}: {outcome}")
            # A refusal names the key, what is not ASCII of it in another form.
            name = case.pair["name"].encode("ascii", "ignore").decode()
            if column.is_ours() and verdict == odd.REFUSED and name not in outcome["refused"]:
                wrong.append(f"does not name the header: {outcome['refused']}")
            if wrong:
                result.fail(case.what, wrong)
            else:
                result.passed += 1
        result.seconds = time.monotonic() - started
        return result, verdicts

    def odd_calls(self, number: int, column: odd.Column, server: Server, scenarios: list) -> dict:
        table = self.args.work / f"odd-{number}.json"

        def call(left: list) -> tuple[dict, str]:
            table.write_text(json.dumps({"scenarios": left}), encoding="utf-8")
            run = self.peers.clients[column.client].run
            return run(column.way, server.url(column.way), self.authority, table, left)

        return odd.outcomes_of(call, scenarios)

    def spoiling_calls(self, number: int, column: odd.Column, scenarios: list) -> dict:
        """With a server of its own, another one whenever it has ended."""
        found, server = {}, None
        try:
            for scenario in scenarios:
                if server is None:
                    server = self.launch(column.server, f"{column.server} {number}")
                    server.wait()
                found |= self.odd_calls(number, column, server, [scenario])
                if odd.looks_like_an_end(found[scenario["name"]]) and server.has_ended():
                    found[scenario["name"]] = odd.ENDS_PROCESS
                    server.stop()
                    server = None
        finally:
            if server is not None:
                server.stop()
        return found

    def check_page(self, seen: dict[str, set[str]], tables: dict[str, dict]) -> Result:
        result = Result(str(self.args.page))
        for difference in known.DIFFERENCES:
            if seen.get(difference.name):
                result.passed += 1
            else:
                result.fail(difference.name, ["is not seen any more"])
        for fact in known.FACTS:
            said = fact.ask(self.peers)
            if said == fact.says:
                result.passed += 1
            else:
                result.fail(fact.theirs, [f"wanted {fact.says}, got {said}"])
        text = page.render(seen, tables)
        (self.args.work / "differences.md").write_text(text, encoding="utf-8")
        if self.args.write:
            self.args.page.write_text(text, encoding="utf-8")
        faults = page.faults(self.args.page, text)
        if faults:
            result.fail(f"is stale: again with --write, or copy {self.args.work / 'differences.md'}", faults)
        else:
            result.passed += 1
        return result


def spelled(scenario: dict, early_headers: bool) -> dict:
    """As the programs read it."""
    plain = {key: value for key, value in scenario.items() if key != "needs"}
    return plain | {"waitsForHeaders": scenario["method"] == CONVERSE and early_headers}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", type=pathlib.Path, required=True, help="folder of our programs")
    parser.add_argument("--grpcpp", type=pathlib.Path, help="folder of the grpc++ programs")
    parser.add_argument("--go", type=pathlib.Path, help="folder that interop/go/build.sh made")
    parser.add_argument("--buf", type=pathlib.Path)
    parser.add_argument("--grpcurl", type=pathlib.Path)
    parser.add_argument("--grpc-web-js", type=pathlib.Path, help="folder with node_modules, by interop/grpc_web's lock file")
    parser.add_argument("--connect-node", type=pathlib.Path, help="the same for interop/connect_node")
    parser.add_argument("--python", type=pathlib.Path, help="virtual environment, by interop/python/requirements.txt")
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--counts", type=pathlib.Path, help="file to append 'passed failed skipped' to")
    parser.add_argument("--only", default="", help="only rows whose description has this text")
    parser.add_argument("--judges-alone", action="store_true", help="also others against others: checks this program")
    parser.add_argument("--page", type=pathlib.Path, help="docs/differences.md, which is to say what is seen; takes all peers")
    parser.add_argument("--write", action="store_true", help="write the page")
    args = parser.parse_args()
    if args.page and (args.only or not (args.grpcpp and args.go and args.connect_node and args.python)):
        parser.error("--page takes all rows of all peers")
    args.work.mkdir(parents=True, exist_ok=True)

    run = Run(args)
    rows = [row for row in run.peers.rows() if args.only in str(row)]
    odd_columns = []
    if args.page:
        odd_columns = [(table, column) for table in odd.TABLES for column in table.columns]
    results = []
    try:
        run.start({row.server for row in rows} | {column.server for _, column in odd_columns})
        # Some rows wait for deadlines: more of them at once than there are cores.
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() + 1) as pool:
            row_results = pool.map(run.row, range(len(rows)), rows)
            odd_results = pool.map(run.odd_column, range(len(odd_columns)), *zip(*odd_columns)) if odd_columns else ()
            for result in row_results:
                result.report()
                results.append(result)
            tables: dict[str, dict] = {}
            for (table, column), (result, verdicts) in zip(odd_columns, odd_results):
                result.report()
                results.append(result)
                for case, verdict in verdicts.items():
                    # Several ways may make one column: what they say is one word if it is the same.
                    cell = tables.setdefault(table.title, {}).setdefault(case, {}).setdefault(column.title, [])
                    if verdict not in cell:
                        cell.append(verdict)
        if args.page:
            seen: dict[str, set[str]] = {}
            for result in results:
                for name, scenarios in result.shown.items():
                    seen.setdefault(name, set()).update(scenarios)
            results.append(run.check_page(seen, tables))
            results[-1].report()
    finally:
        ended = run.stop()
    ended.report()
    results.append(ended)
    passed, failed = sum(result.passed for result in results), sum(result.failed for result in results)
    if args.counts:
        with args.counts.open("a", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    os.environ.pop("http_proxy", None)
    sys.exit(main())

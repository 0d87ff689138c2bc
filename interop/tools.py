"""The command-line tools among the clients: curl, buf curl, grpcurl. Each call is one process, and what it prints is
read back into an Outcome."""

import base64
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.parse

import scenarios as table

PROTO = pathlib.Path(__file__).parent / "proto"
METHOD = "interop.v1.InteropService/Exchange"
CODES = (
    "ok canceled unknown invalid_argument deadline_exceeded not_found already_exists permission_denied "
    "resource_exhausted failed_precondition aborted out_of_range unimplemented internal unavailable data_loss "
    "unauthenticated"
).split()

# Of a server: to send a stream's headers before its first message.
EARLY_HEADERS = "headers before the first message"

# What an end cannot do, so that a scenario that needs it is not run with it.
CANNOT = {
    # They refuse such a name, one by ending its process: gRPC's contract says lower case.
    "grpc++": {table.UPPER},
    "grpcio": {table.UPPER},
    # A URL has its limits; other clients fall back to POST.
    "curl, get": {table.LONG},
    "connect-node, get": {table.LONG},
    "connect-python, get": {table.LONG},
    "connect-python sync, get": {table.LONG},
    "curl": {table.STREAMS, table.TIMEOUT},
    # Half a second a call: one error code stands for all, and one length.
    "buf": {table.MANY, table.STREAMS, table.TIMEOUT},
    "grpcurl": {table.STREAMS, table.TIMEOUT},
    # Metadata is a dictionary there, of strings.
    "grpc-web.js": {table.REPEATED, table.STREAMS, table.TIMEOUT},
    # fetch's Headers join all values of a name into one.
    "connect-node": {table.REPEATED},
    # Handlers are generators, and what they yield comes first.
    "connect-node server": {EARLY_HEADERS},
    "connect-python server": {EARLY_HEADERS},
    "connect-python sync server": {EARLY_HEADERS},
}


def cannot(server: str, what: str) -> bool:
    return what in CANNOT.get(f"{server} server", set())


def can(client: str, server: str, way, scenario: dict) -> bool:
    ends = (client, server, f"{server} server", f"{client}, get" if way.get else "")
    lacks = set().union(*(CANNOT.get(end, set()) for end in ends))
    if not way.plain():
        lacks |= {table.SLOW}
    # Only ours speaks half-duplex there.
    if way.http == 1 and {client, server} != {"ours"}:
        lacks |= {table.BIDI}
    return not scenario["needs"] & lacks


def each(one_call):
    """A client that runs `one_call(way, url, ca, scenario, folder)` for each scenario, a few at once."""

    def run(way, url, ca, _, scenarios):
        def guarded(scenario):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    outcome = one_call(way, url, ca, scenario, pathlib.Path(folder))
                except (ValueError, KeyError, subprocess.TimeoutExpired) as error:
                    print(f"    {scenario['name']}: {error!r}"[:2000])
                    return scenario["name"], None
                names = reply_names(scenario["request"])
                for key in ("headers", "trailers"):
                    outcome[key] = pick(outcome[key], names)
                return scenario["name"], outcome

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(pool.map(guarded, scenarios)), ""

    return run


def reply_names(request: dict) -> set[str]:
    pairs = request["headers"] + request["trailers"] + request.get("failure", {}).get("metadata", [])
    return {pair["name"].lower() for pair in pairs}


def pick(lines: list[tuple[str, str]], names: set[str]) -> list[dict]:
    """Raw lines into pairs, only those of interest; "-bin" values may be padded or not."""
    pairs = []
    for name, value in lines:
        name = name.lower()
        if name not in names:
            continue
        if name.endswith("-bin"):
            value = value.rstrip("=")
            value += "=" * (-len(value) % 4)
            base64.b64decode(value, validate=True)
            pairs.append({"name": name, "binary": value})
        else:
            pairs.append({"name": name, "value": value})
    return pairs


def text_value(pair: dict) -> str:
    return pair["value"] if "value" in pair else pair["binary"].rstrip("=")


def execute(words: list, data: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([str(w) for w in words], input=data, capture_output=True, text=True, timeout=60, check=False)


def header_lines(block: str) -> list[tuple[str, str]]:
    lines = (line.split(":", 1) for line in block.splitlines() if ":" in line.lstrip(":"))
    return [(name.strip(), value.strip()) for name, value in lines]


def error_outcome(error: dict) -> dict:
    """Of the error's JSON as Connect defines it; details by their bytes."""
    outcome = {"code": CODES.index(error["code"]), "message": error.get("message", ""), "details": []}
    for detail in error.get("details", []):
        add_detail(outcome, detail["type"], base64.b64decode(detail["value"] + "=" * (-len(detail["value"]) % 4)))
    return outcome


def add_detail(outcome: dict, kind: str, value: bytes) -> None:
    if kind == "interop.v1.Note":
        fields = dict(proto_fields(value))
        outcome["details"].append({"text": fields.get(1, b"").decode(), "number": fields.get(2, 0)})
    elif kind == "interop.v1.CallResponse":
        response = {"text": "", "observed": []}
        for number, field in proto_fields(value):
            if number == 1:
                response["text"] = field.decode()
            elif number == 2:
                pair = dict(proto_fields(field))
                binary = base64.b64encode(pair.get(3, b"")).decode()
                response["observed"].append(
                    {"name": pair[1].decode(), "value": pair.get(2, b"").decode(), "binary": binary}
                )
        outcome["response"] = response


def proto_fields(data: bytes):
    """(number, value) of a message that has only varints and byte strings."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    while at < len(data):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
        elif tag & 7 == 2:
            size = varint()
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            raise ValueError(f"wire type {tag & 7}")


@each
def curl(way, url, ca, scenario, folder):
    head, body = folder / "head", folder / "body"
    words = ["curl", "-sS", "--noproxy", "*", "--max-time", "30", "-D", head, "-o", body, "--cacert", ca]
    words += ["--http1.1"] if way.http == 1 else ["--http2"] if way.tls else ["--http2-prior-knowledge"]
    for pair in scenario["headers"]:
        value = text_value(pair)
        words += ["-H", f"{pair['name']}: {value}" if value else f"{pair['name']};"]
    message = json.dumps(scenario["request"])
    target = f"{url}/{METHOD}"
    if way.get:
        query = {"connect": "v1", "encoding": "json", "message": message}
        done = execute([*words, f"{target}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}"])
    else:
        done = execute([*words, "-H", "content-type: application/json", "--data-binary", "@-", target], message)
    if done.returncode != 0:
        raise ValueError(f"curl: {done.stderr.strip()}")
    # An answer of 100 comes before the one that counts.
    blocks = [block for block in re.split(r"\r?\n\r?\n", head.read_text()) if block.startswith("HTTP/")]
    status = int(blocks[-1].split()[1])
    fields = header_lines(blocks[-1].split("\n", 1)[1])
    content = json.loads(body.read_text())
    if status == 200:
        outcome = {"response": content}
    else:
        outcome = error_outcome(content)
    prefix = "trailer-"
    outcome["headers"] = [(name, value) for name, value in fields if not name.lower().startswith(prefix)]
    outcome["trailers"] = [(name[len(prefix) :], value) for name, value in fields if name.lower().startswith(prefix)]
    return outcome


def buf(program, work):
    @each
    def run(way, url, ca, scenario, folder):
        data = folder / "request.json"
        data.write_text(json.dumps(scenario["request"]))
        # On the command line it would split a value at its commas.
        headers = folder / "headers"
        headers.write_text("".join(f"{pair['name']}: {text_value(pair)}\n" for pair in scenario["headers"]))
        words = [program, "curl", "-v", "--schema", image, "--protocol", way.protocol.replace("-", "")]
        words += ["-d", f"@{data}", "-H", f"@{headers}"]
        words += ["--cacert", ca] if way.tls else ["--http2-prior-knowledge"] if way.http == 2 else []
        done = execute([*words, f"{url}/{METHOD}"])
        received = re.findall(r"^buf: < \(#\d+\) ?(.*)$", done.stderr, re.MULTILINE)
        # The head of the answer, an empty line and, where HTTP has trailers, those.
        after = received.index("")
        head, rest = header_lines("\n".join(received[1:after])), header_lines("\n".join(received[after:]))
        if done.returncode == 0:
            outcome = {"response": json.loads(done.stdout)}
        else:
            other = [line for line in done.stderr.splitlines() if not line.startswith("buf: ")]
            outcome = error_outcome(json.loads("\n".join(other) or done.stdout))
        prefix = "trailer-"
        if way.protocol == "connect":
            rest += [(name[len(prefix) :], value) for name, value in head if name.lower().startswith(prefix)]
            head = [(name, value) for name, value in head if not name.lower().startswith(prefix)]
        elif any(name.lower() == "grpc-status" for name, _ in head):
            head, rest = [], head
        elif way.protocol == "grpc-web":
            outcome["trailers not shown"] = True
        return outcome | {"headers": head, "trailers": rest}

    # Compiled once, not in every call.
    image = work / "interop.binpb"
    built = execute([program, "build", PROTO, "-o", image])
    if built.returncode != 0:
        raise RuntimeError(f"buf build: {built.stderr}")
    return run


def grpcurl(program):
    @each
    def run(way, url, ca, scenario, _):
        words = [program, "-v", "-format-error", "-import-path", PROTO, "-proto", "interop/v1/interop.proto", "-d", "@"]
        words += ["-cacert", ca] if way.tls else ["-plaintext"]
        for pair in scenario["headers"]:
            words += ["-H", f"{pair['name']}: {text_value(pair)}"]
        done = execute([*words, url.split("//")[1], METHOD], json.dumps(scenario["request"]))

        def section(title: str) -> str:
            match = re.search(rf"^{title}:\n(.*?)(?:\n\n|\nSent |\Z)", done.stdout, re.MULTILINE | re.DOTALL)
            return match[1] if match else ""

        outcome = {"details": []}
        if done.returncode == 0:
            outcome["response"] = json.loads(section("Response contents"))
        else:
            error = json.loads(done.stderr)
            outcome |= {"code": error["code"], "message": error.get("message", "")}
            for detail in error.get("details", []):
                if detail["@type"].endswith("/interop.v1.CallResponse"):
                    outcome["response"] = detail
                else:
                    outcome["details"].append(detail)
        outcome["headers"] = header_lines(section("Response headers received"))
        outcome["trailers"] = header_lines(section("Response trailers received"))
        return outcome

    return run

"""Where the originals do otherwise than the contract: each difference by its name, what it does to an outcome, and the
rule that this library keeps. The test asserts all of it: a difference that has gone is a failure, too."""

import copy
import dataclasses
import subprocess
from collections.abc import Callable

from ends import HERE, Way
from expected import grouped, nothing
from scenarios import EXCHANGE


@dataclasses.dataclass(frozen=True)
class Difference:
    """`change(wanted, scenario, way)` alters the wanted outcome in place."""

    name: str
    # The makes that have it, and at which end.
    makes: tuple[str, ...]
    end: str
    theirs: str
    ours: str
    rule: str
    change: Callable


def expected_of(base: dict, scenario: dict, way: Way, client: str, server: str) -> tuple[dict, list[Difference]]:
    """The outcome with these two ends, and the differences that show in it."""
    wanted, shown = copy.deepcopy(base), []
    for difference in DIFFERENCES:
        if (client if difference.end == "client" else server) not in difference.makes:
            continue
        before = copy.deepcopy(wanted)
        difference.change(wanted, scenario, way)
        if wanted != before:
            shown.append(difference)
    return wanted, shown


def merged(*groups: dict) -> dict:
    result: dict[str, list] = {}
    for group in groups:
        for name, values in group.items():
            result.setdefault(name, []).extend(values)
    return result


def is_unary(scenario: dict) -> bool:
    return scenario["method"] == EXCHANGE


def in_one_map(wanted, scenario, way):
    if wanted["code"] and "failure" in scenario["request"]:
        wanted["headers"], wanted["trailers"] = merged(wanted["headers"], wanted["trailers"]), {}


def without_context(wanted, scenario, way):
    failure = scenario["request"].get("failure")
    if not failure or not is_unary(scenario):
        return
    metadata = grouped(failure["metadata"])
    wanted["headers"], wanted["trailers"] = (metadata, {}) if way.protocol == "connect" else ({}, metadata)


def trailers_first(wanted, scenario, way):
    request = scenario["request"]
    if "failure" in request and not is_unary(scenario):
        wanted["trailers"] = merged(grouped(request["trailers"]), grouped(request["failure"]["metadata"]))


def without_metadata(wanted, scenario, way):
    request = scenario["request"]
    if "failure" in request:
        wanted["headers"], wanted["trailers"] = grouped(request["headers"]), grouped(request["trailers"])


def trailers_as_headers_too(wanted, scenario, way):
    if way.protocol != "connect" and is_unary(scenario) and wanted["code"] and not scenario["request"]["headers"]:
        wanted["headers"] = wanted["trailers"]


def has(scenario: dict, test: Callable) -> bool:
    request = scenario["request"]
    return any(test(pair) for pair in scenario["headers"] + request["headers"] + request["trailers"])


def is_empty(pair: dict) -> bool:
    return pair.get("value") == ""


def is_upper(pair: dict) -> bool:
    return pair["name"] != pair["name"].lower()


def refused_if(test: Callable) -> Callable:
    def change(wanted, scenario, way):
        if has(scenario, test):
            wanted["refused"] = True

    return change


def failed_if(test: Callable) -> Callable:
    def change(wanted, scenario, way):
        if has(scenario, test):
            wanted |= {"code": 2, "message": "Internal Server Error", "response": nothing(), "headers": {}, "trailers": {}}

    return change


def joined(wanted, scenario, way):
    observed = wanted["response"]["observed"]
    for name, values in observed.items():
        if not name.endswith("-bin"):
            observed[name] = [",".join(values)]


def without_underscores(wanted, scenario, way):
    observed = wanted["response"]["observed"]
    wanted["response"]["observed"] = {name: values for name, values in observed.items() if "_" not in name}


def too_many_fields(wanted, scenario, way):
    request = scenario["request"]
    unary_connect = way.protocol == "connect" and way.http == 1 and is_unary(scenario)
    if unary_connect and len(request["headers"]) + len(request["trailers"]) >= 100:
        wanted |= {"code": 14, "message": None, "response": nothing(), "headers": {}, "trailers": {}}


PYTHONS = ("connect-python", "connect-python sync")

DIFFERENCES = [
    Difference(
        name="one map for a failed call",
        makes=("connect-go", "connect-node"),
        end="client",
        theirs="keeps headers, the error's metadata and trailers of a failed call in one map",
        ours="`error.headers()` and `error.trailers()` are apart; `error.metadata()` is both, in this order",
        rule="C2, C4",
        change=in_one_map,
    ),
    Difference(
        name="headers and trailers of a failing unary handler",
        makes=("connect-go",),
        end="server",
        theirs="a unary handler that fails has nothing but its error: no other headers, no trailers",
        ours="what was set before the failure is sent",
        rule="S3",
        change=without_context,
    ),
    Difference(
        name="order of error metadata",
        makes=("connect-go",),
        end="server",
        theirs="in a stream the error's metadata comes after the trailers",
        ours="the error's metadata comes before the trailers, in every protocol",
        rule="S4",
        change=trailers_first,
    ),
    Difference(
        name="no error metadata",
        makes=PYTHONS,
        end="server",
        theirs="`ConnectError` has no metadata",
        ours="`Error::with_metadata`",
        rule="S4",
        change=without_metadata,
    ),
    Difference(
        name="trailers-only responses",
        makes=PYTHONS,
        end="client",
        theirs="the fields of a gRPC response that is nothing but trailers are headers as well",
        ours="they are trailers; the headers are empty",
        rule="C6",
        change=trailers_as_headers_too,
    ),
    Difference(
        name="a hundred fields",
        makes=PYTHONS,
        end="client",
        theirs="`unavailable` for an HTTP/1.1 response of more than a hundred fields",
        ours="limited by their bytes",
        rule="H1",
        change=too_many_fields,
    ),
    Difference(
        name="empty values, client",
        makes=("grpclib",),
        end="client",
        theirs="`ValueError` for an empty value",
        ours="sent",
        rule="H3",
        change=refused_if(is_empty),
    ),
    Difference(
        name="empty values, server",
        makes=("grpclib",),
        end="server",
        theirs="a handler cannot send an empty value; the call fails",
        ours="sent",
        rule="H3",
        change=failed_if(is_empty),
    ),
    Difference(
        name="upper case, client",
        makes=("grpclib",),
        end="client",
        theirs="`ValueError` for a name in upper case",
        ours="names compare without case and are sent in lower case",
        rule="H1",
        change=refused_if(is_upper),
    ),
    Difference(
        name="upper case, server",
        makes=("grpclib",),
        end="server",
        theirs="a handler cannot send a name in upper case; the call fails",
        ours="names compare without case and are sent in lower case",
        rule="H1",
        change=failed_if(is_upper),
    ),
    Difference(
        name="repeated request headers",
        makes=("connect-python sync",),
        end="server",
        theirs="WSGI gives several values of one name as one, joined by commas",
        ours="every value for itself, in order",
        rule="H1",
        change=joined,
    ),
    Difference(
        name="underscores in names",
        makes=("connect-python sync",),
        end="server",
        theirs="WSGI cannot tell `_` from `-` in the name of a request header",
        ours="names keep their characters",
        rule="H3",
        change=without_underscores,
    ),
]


@dataclasses.dataclass(frozen=True)
class Fact:
    """About a type of an original; `ask(peers)` gives what its program says now."""

    make: str
    theirs: str
    ours: str
    says: str
    ask: Callable


def ask_equality(peers) -> str:
    words = [peers.args.python / "bin" / "python", HERE / "python" / "connect_headers.py"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


FACTS = [
    Fact(
        make="connect-python",
        theirs="`==` of two `Headers` looks at the first value of each name",
        ours="`==` looks at every value, in order",
        says="equal",
        ask=ask_equality,
    ),
]

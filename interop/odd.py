"""What no one should send, and what becomes of it: each case as a user's mistake at one end, or as a peer's on the wire.
This library's verdicts stand here; those of others stand in the page that page.py makes of them."""

import base64
import dataclasses
import json
import pathlib
from collections.abc import Callable

from ends import Way
from known import PYTHONS
from scenarios import DOWNLOAD, EXCHANGE
from tools import CODES

CONNECT, GRPC, GRPC_WEB = Way("connect", 2), Way("grpc", 2), Way("grpc-web", 2)
# Long enough for any answer, short enough to wait for one that never comes.
PATIENCE_MS = 3000
NO_TIMEOUT = -1
REFUSED = "refused"


@dataclasses.dataclass(frozen=True)
class Case:
    what: str
    pair: dict
    # What this library is to do; where it depends on the protocol, by its name.
    ours: str | dict
    # Where a handler puts it.
    place: str = "headers"
    method: str = EXCHANGE
    timeout_ms: int = PATIENCE_MS

    def wanted(self, way: Way) -> str:
        return self.ours[way.protocol] if isinstance(self.ours, dict) else self.ours


def text(name: str, value: str) -> dict:
    return {"name": name, "value": value}


def raw(name: str, value: str) -> dict:
    return {"name": name, "value": value, "raw": True}


# A client's user sets the request header.
REQUESTS = [
    Case("a line feed in a value", text("acme-odd", "a\nb"), REFUSED),
    Case("NUL in a value", text("acme-odd", "a\0b"), REFUSED),
    Case("UTF-8 in a value", text("acme-odd", "gr\u00fcn"), REFUSED),
    Case("spaces around a value", text("acme-odd", " a "), REFUSED),
    Case("a space in a name", text("acme odd", "v"), REFUSED),
    Case("an empty name", text("", "v"), REFUSED),
    Case("a name outside ASCII", text("acm\u00e9", "v"), REFUSED),
    Case("a name in upper case", text("Acme-Odd", "v"), "sent"),
    Case("`grpc-timeout: 1S`", text("grpc-timeout", "1S"), REFUSED, timeout_ms=NO_TIMEOUT),
    Case("`connect-timeout-ms: 1000`", text("connect-timeout-ms", "1000"), REFUSED, timeout_ms=NO_TIMEOUT),
    Case("`content-type: text/plain`", text("content-type", "text/plain"), REFUSED),
    Case("`te: gzip`", text("te", "gzip"), REFUSED),
    Case("`connection: close`", text("connection", "close"), REFUSED),
    Case("`trailer-x: v`", text("trailer-x", "v"), REFUSED),
    Case("`acme-bin: !!!`", raw("acme-bin", "!!!"), REFUSED),
]

# A handler sets the response header or the trailer.
MISUSE = "the call fails: `unknown`"
RESPONSES = [
    Case("a line feed in a value", text("reply-odd", "a\nb"), MISUSE),
    Case("UTF-8 in a value", text("reply-odd", "gr\u00fcn"), MISUSE),
    Case("a space in a name", text("reply odd", "v"), MISUSE),
    Case("`trailer-x: v`", text("trailer-x", "v"), MISUSE),
    Case("`grpc-status: 7`", text("grpc-status", "7"), MISUSE),
    Case("`grpc-status: 7` as a trailer", text("grpc-status", "7"), MISUSE, place="trailers"),
    Case("`content-type: text/plain`", text("content-type", "text/plain"), MISUSE),
]

# It comes over the wire; the server's handler looks it up.
ARRIVALS = [
    Case("`AAE` (00 01)", raw("acme-bin", "AAE"), "00 01"),
    Case("`AAE=`, padded", raw("acme-bin", "AAE="), "00 01"),
    Case("`AAE,AAE`, joined", raw("acme-bin", "AAE,AAE"), "00 01; 00 01"),
    Case("`AAE, AAE`, joined", raw("acme-bin", "AAE, AAE"), "00 01; 00 01"),
    Case("`!!!`, not base64", raw("acme-bin", "!!!"), "the look-up fails"),
    Case("`AAEAA`, of a length that base64 never has", raw("acme-bin", "AAEAA"), "the look-up fails"),
]

# connect-go's server sends it; nothing in this library does.
TRAILER_X = text("trailer-x", "v")
IN_ENVELOPES = {"connect": "the header `trailer-x`", "grpc": "the header `trailer-x`", "grpc-web": "the header `trailer-x`"}
PREFIXED = [
    Case("unary", TRAILER_X, IN_ENVELOPES | {"connect": "the trailer `x`"}),
    Case("server stream", TRAILER_X, IN_ENVELOPES, method=DOWNLOAD),
]

CONNECT_GO, GRPC_ONLY = "connect-go", ("grpclib", "grpc++")
ORIGINALS = (CONNECT_GO, *PYTHONS, *GRPC_ONLY)


@dataclasses.dataclass(frozen=True)
class Column:
    title: str
    client: str
    server: str
    way: Way

    def is_ours(self) -> bool:
        return self.title.startswith(OURS)


OURS = "this library"


def columns(makes, client: str, server: str, split: bool = False) -> list[Column]:
    """Of each make its columns, ours first; "*" stands for its name. `split`: one for each protocol of ours, too."""
    made = []
    for style in ("our", "our blocking") if "*" in client + server else ():
        for way in (CONNECT, GRPC, GRPC_WEB):
            title = f"{OURS}, {way.protocol}" if split else OURS
            made.append(Column(title, client.replace("*", style), server.replace("*", style), way))
    for make in makes:
        for way in [GRPC] if make in GRPC_ONLY else [CONNECT, GRPC]:
            # Its two styles say the same, or the cell has both.
            name = make.removesuffix(" sync")
            title = name if make in GRPC_ONLY else f"{name}, {way.protocol}"
            made.append(Column(title, client.replace("*", make), server.replace("*", make), way))
    return made


def request_scenario(case: Case) -> dict:
    request = {"text": "hello", "observe": [case.pair["name"].lower()]}
    return spelled(case, [case.pair], request)


def response_scenario(case: Case) -> dict:
    return spelled(case, [], {"text": "hello", case.place: [case.pair]})


def prefixed_scenario(case: Case) -> dict:
    # Clients tell about the names in the request: so that they look for a trailer "x", there is such a header.
    return spelled(case, [], {"text": "hello", "headers": [case.pair, text("x", "own")]})


def spelled(case: Case, headers: list, request: dict) -> dict:
    scenario = {"name": case.what, "headers": headers, "request": request}
    return scenario | {"method": case.method, "timeoutMs": case.timeout_ms}


ENDS_PROCESS = "ends the process"


def outcomes_of(call: Callable[[list], tuple[dict, str]], scenarios: list) -> dict[str, dict | str]:
    """By scenario; where the client ended without a word, what is to be said. It is started again for what is left."""
    found: dict[str, dict | str] = {}
    left = scenarios
    while left:
        outcomes, complaint = call(left)
        found |= outcomes
        left = [scenario for scenario in left if scenario["name"] not in found]
        if left:
            found[left.pop(0)["name"]] = ENDS_PROCESS if complaint.startswith("exit status -") else "no outcome"
    return found


def looks_like_an_end(outcome: dict | str) -> bool:
    """Of the server's."""
    return isinstance(outcome, str) or CODES[outcome.get("code", 0)] == "unavailable"


def failure(outcome: dict | str) -> str | None:
    """The verdict, if the call was not answered with success."""
    if isinstance(outcome, str):
        return outcome
    if outcome.get("refused"):
        return REFUSED
    if outcome.get("code"):
        return f"the call fails: `{CODES[outcome['code']]}`"
    return None


def request_verdict(case: Case, outcome: dict | str) -> str:
    if failed := failure(outcome):
        return failed
    response = outcome["response"]
    if 0 < int(response.get("timeoutMs", 0)) <= 1000:
        return "obeyed"
    observed = response.get("observed", [])
    if not observed:
        return "no effect"
    if observed[0].get("binary"):
        return "taken for bytes"
    value = observed[0].get("value", "")
    return "sent" if value == case.pair["value"] else f"arrives as {json.dumps(value, ensure_ascii=False)}"


def response_verdict(case: Case, outcome: dict | str) -> str:
    if failed := failure(outcome):
        return failed
    places = [place[:-1] for place in ("headers", "trailers") if outcome.get(place)]
    if not places:
        return "vanishes"
    value = outcome[f"{places[0]}s"][0].get("value", "")
    changed = "" if value == case.pair["value"] else f" {json.dumps(value, ensure_ascii=False)}"
    return f"a {' and a '.join(places)}{changed}"


def arrival_verdict(case: Case, outcome: dict | str) -> str:
    if isinstance(outcome, dict) and CODES[outcome.get("code", 0)] == "deadline_exceeded":
        return "never answered"
    if failed := failure(outcome):
        return failed
    observed = outcome["response"].get("observed", [])
    if any(pair.get("raw") for pair in observed):
        return "the look-up fails"
    return "; ".join(base64.b64decode(pair.get("binary", "")).hex(" ") or "no bytes" for pair in observed) or "vanishes"


def prefixed_verdict(case: Case, outcome: dict | str) -> str:
    if failed := failure(outcome):
        return failed
    found = []
    for place in ("headers", "trailers"):
        for pair in outcome.get(place, []):
            if pair["value"] == case.pair["value"]:
                found.append(f"the {place[:-1]} `{pair['name']}`")
    return " and ".join(found) or "vanishes"


@dataclasses.dataclass(frozen=True)
class Table:
    title: str
    about: str
    cases: list
    columns: list
    scenario: Callable[[Case], dict]
    verdict: Callable[[Case, dict | str], str]
    # Whether a case may end the server, which is then a server of this table alone.
    spoils_servers: bool = False


TABLES = [
    Table(
        "Request headers that a client's user should not set",
        "Each client calls this library's server. A refusal is an exception of the client's library, before anything is "
        "sent. What has no effect is overwritten by the library, or hidden from the handler.",
        REQUESTS,
        columns(ORIGINALS, "* client", "our server"),
        request_scenario,
        request_verdict,
    ),
    Table(
        "Response headers that a handler should not set",
        "This library's client calls each server. Here, the handler gets a `std::invalid_argument`; what leaves it is "
        "`unknown` for the peer.",
        RESPONSES,
        columns(ORIGINALS, "our client", "* server"),
        response_scenario,
        response_verdict,
        spoils_servers=True,
    ),
    Table(
        "What a handler finds in a binary header",
        "A client that sends what it is given calls each server. connect-python has no binary headers.",
        ARRIVALS,
        columns((CONNECT_GO, *GRPC_ONLY), f"{CONNECT_GO} client", "* server"),
        request_scenario,
        arrival_verdict,
    ),
    Table(
        "What a client finds of the response header `trailer-x`",
        "Each client calls connect-go's server. The prefix means a trailer in Connect's unary responses alone.",
        PREFIXED,
        columns(ORIGINALS, "* client", f"{CONNECT_GO} server", split=True),
        prefixed_scenario,
        prefixed_verdict,
    ),
]

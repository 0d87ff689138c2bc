"""The table: what is asked of a server, as the messages of interop.proto in their JSON form."""

import base64


EXCHANGE, DOWNLOAD, CONVERSE = "EXCHANGE", "DOWNLOAD", "CONVERSE"


def pair(name: str, value: str | bytes) -> dict:
    if isinstance(value, bytes):
        return {"name": name, "binary": base64.b64encode(value).decode()}
    return {"name": name, "value": value}


def pairs(*given: tuple[str, str | bytes]) -> list[dict]:
    return [pair(name, value) for name, value in given]


def scenario(
    name, *, send=(), text="hello", headers=(), trailers=(), failure=None, needs=(), texts=None, timeout_ms=0, delay_ms=0
):
    """`texts` are those of a stream; streams() makes one of each kind."""
    observe = list(dict.fromkeys(key for key, _ in send))
    request = {"text": text, "observe": observe, "headers": pairs(*headers), "trailers": pairs(*trailers)}
    request |= {"delayMs": delay_ms, "texts": texts or []}
    if failure:
        request["failure"] = failure
    # An error's metadata and the trailers of the call travel together.
    ends = [name.lower() for name, _ in trailers] + [pair["name"] for pair in (failure or {}).get("metadata", [])]
    for names in ([name for name, _ in send], [name for name, _ in headers], ends):
        if len(set(names)) < len(names):
            needs = {*needs, REPEATED}
    if timeout_ms:
        needs = {*needs, TIMEOUT}
    given = {"name": name, "headers": pairs(*send), "request": request, "needs": frozenset(needs)}
    return given | {"method": EXCHANGE, "timeoutMs": timeout_ms}


def streams(name, **given):
    """The same scenario as a server stream and as a bidirectional one."""
    for method, kind in ((DOWNLOAD, "server stream"), (CONVERSE, "bidi stream")):
        made = scenario(f"{kind}: {name}", **given)
        yield made | {"method": method, "needs": made["needs"] | {STREAMS, *((BIDI,) if method == CONVERSE else ())}}


def failure(code, message, metadata=(), details=()):
    return {
        "code": code,
        "message": message,
        "metadata": pairs(*metadata),
        "details": [{"text": text, "number": number} for text, number in details],
    }


VECTOR = bytes.fromhex("0d16ad856ce44773a1be9f62b2e886a3")
ALL_BYTES = bytes(range(256))
# In milliseconds.
DEADLINE = 600
BUSY = 4000
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ 09 AZ az"

# What a scenario needs of the two ends; run.py knows who has it not, and why.
UPPER = "names in upper case"
LONG = "a message of 200 KiB"
MANY = "one more call of the same sort"
REPEATED = "several values of one name"
STREAMS = "streams"
BIDI = "bidirectional streams"
TIMEOUT = "a timeout"
# Takes its time: where the codec, TLS and compression make no difference, once is enough.
SLOW = "a deadline that passes"

SCENARIOS = [
    scenario("plain", send=[("acme-tenant-id", "1234")], headers=[("greet-version", "v1")], trailers=[("greet-cost", "3ms")]),
    scenario("no metadata at all"),
    scenario(
        "duplicates, interleaved",
        send=[("acme-a", "1"), ("acme-b", "x"), ("acme-a", "2"), ("acme-a", "1")],
        headers=[("reply-a", "1"), ("reply-b", "x"), ("reply-a", "2"), ("reply-a", "1")],
        trailers=[("end-a", "1"), ("end-b", "x"), ("end-a", "2"), ("end-a", "1")],
    ),
    scenario(
        "one name in headers and trailers",
        headers=[("same", "in headers")],
        trailers=[("same", "in trailers"), ("same", "again")],
    ),
    scenario(
        "values: commas and punctuation",
        send=[("acme-list", "a, b,c"), ("acme-odd", PUNCTUATION)],
        headers=[("reply-list", "a, b,c"), ("reply-odd", PUNCTUATION)],
        trailers=[("end-list", "a, b,c"), ("end-odd", PUNCTUATION)],
    ),
    scenario(
        "values: empty",
        send=[("acme-empty", "")],
        headers=[("reply-empty", "")],
        trailers=[("end-empty", "")],
    ),
    scenario(
        "names: _ - . and digits",
        send=[("acme_1.x-2", "v")],
        headers=[("reply_1.x-2", "v")],
        trailers=[("end_1.x-2", "v")],
    ),
    scenario(
        "names: upper case is lower case on the other side",
        send=[("Acme-Mixed", "v")],
        headers=[("Reply-Mixed", "v")],
        trailers=[("End-Mixed", "v")],
        needs=[UPPER],
    ),
    scenario(
        "binary",
        send=[("acme-key-bin", VECTOR)],
        headers=[("greet-emoji-bin", "👋".encode())],
        trailers=[("end-all-bin", ALL_BYTES)],
    ),
    scenario(
        "binary: several values",
        send=[("acme-bin", b"\x00"), ("acme-bin", b"\xff\xfe"), ("acme-bin", b"\x00\x00\x00")],
        headers=[("reply-bin", b"\x01"), ("reply-bin", VECTOR)],
        trailers=[("end-bin", b"\x01\x02"), ("end-bin", b"\x03")],
    ),
    *(
        scenario(
            f"binary: {length} bytes",
            send=[("acme-bin", ALL_BYTES[-length:])],
            headers=[("reply-bin", ALL_BYTES[-length:])],
            trailers=[("end-bin", ALL_BYTES[-length:])],
            needs=[MANY] if length > 1 else [],
        )
        for length in range(1, 6)
    ),
    scenario("text: unicode", text="gr\u00fc\u00df dich, \u4e16\u754c \U0001f44b\n\ttab \\ \" </script>"),
    scenario("text: 200 KiB", text="0123456789abcdef" * 12800, needs=[LONG]),
    scenario(
        "a header of 4 KiB",
        send=[("acme-long", "x" * 4096)],
        headers=[("reply-long", "y" * 4096)],
        trailers=[("end-long", "z" * 4096)],
    ),
    scenario(
        "fifty headers",
        send=[(f"acme-{i}", str(i)) for i in range(50)],
        headers=[(f"reply-{i}", str(i)) for i in range(50)],
        trailers=[(f"end-{i}", str(i)) for i in range(50)],
    ),
    scenario(
        "error with details and metadata",
        send=[("acme-tenant-id", "1234"), ("acme-bin", VECTOR)],
        failure=failure(
            3,
            "name is empty: 100 % of \u201cgr\u00fc\u00df\u201d\nsecond line \U0001f44b",
            [("greet-version", "v1"), ("retry-a", "1"), ("reason-bin", ALL_BYTES), ("retry-a", "2")],
            [("name", 7), ("gr\u00fc\u00df", 0)],
        ),
    ),
    scenario(
        "error with two details",
        failure=failure(11, "100 % of it", [("why", "x"), ("why-bin", VECTOR)], [("first", 1), ("second", 2)]),
    ),
    scenario("error without message and metadata", failure=failure(5, "")),
    scenario(
        "error after headers and trailers were set",
        headers=[("reply-version", "v1"), ("both", "header")],
        trailers=[("end-cost", "3ms"), ("both", "trailer"), ("end-bin", VECTOR)],
        failure=failure(9, "not now", [("both", "error"), ("why-bin", b"\x00\x01")], [("later", 1)]),
    ),
    *(
        scenario(
            f"error code {code}",
            failure=failure(code, f"code {code}", [("x-code", str(code))]),
            needs=[MANY] if code > 1 else [],
        )
        for code in range(1, 17)
    ),
    scenario("timeout: told to the handler", timeout_ms=7000),
    scenario("timeout: passes while the handler is busy", timeout_ms=DEADLINE, delay_ms=BUSY, needs=[SLOW]),
    *streams("nothing at all"),
    *streams("messages alone", texts=["one", "two", "three"]),
    *streams(
        "metadata all around",
        send=[("acme-tenant-id", "1234"), ("acme-key-bin", VECTOR), ("acme-list", "a, b,c")],
        texts=["one", "two", "three"],
        headers=[("greet-version", "v1"), ("greet-emoji-bin", "👋".encode()), ("reply-list", "a, b,c")],
        trailers=[("greet-cost", "3ms"), ("end-all-bin", ALL_BYTES), ("end-list", "a, b,c")],
    ),
    *streams(
        "duplicates",
        send=[("acme-a", "1"), ("acme-b", "x"), ("acme-a", "2"), ("acme-bin", b"\x00"), ("acme-bin", b"\xff\xfe")],
        texts=["one"],
        headers=[("reply-a", "1"), ("reply-b", "x"), ("reply-a", "2"), ("reply-bin", b"\x00"), ("reply-bin", VECTOR)],
        trailers=[("end-a", "1"), ("end-b", "x"), ("end-a", "2"), ("end-bin", b"\x00"), ("end-bin", VECTOR)],
    ),
    *streams("metadata without messages", headers=[("greet-version", "v1")], trailers=[("greet-cost", "3ms")]),
    *streams(
        "error with details and metadata after messages",
        send=[("acme-tenant-id", "1234"), ("acme-bin", VECTOR)],
        texts=["one", "two"],
        failure=failure(
            9,
            "name is empty: 100 % of \u201cgr\u00fc\u00df\u201d\nsecond line \U0001f44b",
            [("retry-a", "1"), ("reason-bin", ALL_BYTES)],
            [("name", 7), ("gr\u00fc\u00df", 0)],
        ),
    ),
    *streams(
        "error with everything after messages",
        send=[("acme-tenant-id", "1234")],
        texts=["one", "two"],
        headers=[("reply-version", "v1"), ("reply-bin", VECTOR)],
        trailers=[("end-cost", "3ms"), ("both", "trailer")],
        failure=failure(10, "not now", [("both", "error"), ("why-bin", b"\x00\x01")], [("later", 1)]),
    ),
    *streams("error before any message", failure=failure(5, "none", [("x-code", "5")], [("none", 5)])),
    *streams("timeout, told to the handler", texts=["one"], timeout_ms=7000),
    *streams("timeout that passes after messages", texts=["one", "two"], timeout_ms=DEADLINE, delay_ms=BUSY, needs=[SLOW]),
]

"""What a client must have seen, from the scenario alone; and how that differs from what it says."""

import base64

from scenarios import EXCHANGE

# How much of a timeout may be gone when the handler looks at it, in milliseconds.
ON_THE_WAY = 3000
# With three digits.
ROUNDED_UP = 1.01
DEADLINE_EXCEEDED = 4


def expected_outcome(scenario: dict, protocol: str) -> dict:
    """By the contract, whoever the two ends are."""
    request = scenario["request"]
    unary = scenario["method"] == EXCHANGE
    failure = request.get("failure")
    response = {"text": request["text"], "observed": grouped(scenario["headers"], request["observe"])}
    response["timeout"] = "as sent"
    if not unary and not failure:
        # The first message of the stream; a failing call has its response among the details.
        response = response | {"text": request["texts"][0]} if request["texts"] else nothing()
    outcome = {
        "code": 0,
        "message": "",
        "response": response,
        "headers": grouped(request["headers"]),
        "trailers": grouped(request["trailers"]),
        "details": [],
        "texts": request["texts"],
        # By the client's library, so that the call was not made.
        "refused": False,
    }
    if scenario["timeoutMs"] and request["delayMs"] > scenario["timeoutMs"]:
        # Whoever notices first says so in his own words.
        return outcome | {"code": DEADLINE_EXCEEDED, "message": None, "response": nothing() if unary else response}
    if not failure:
        return outcome
    headers, trailers = request["headers"], request["trailers"]
    if protocol == "connect" and unary:
        headers = headers + failure["metadata"]
    else:
        trailers = failure["metadata"] + trailers
    return outcome | {
        "code": failure["code"],
        "message": failure["message"],
        "headers": grouped(headers),
        "trailers": grouped(trailers),
        "details": [(note["text"], note["number"]) for note in failure["details"]],
    }


def nothing() -> dict:
    return {"text": "", "observed": {}, "timeout": "none"}


def grouped(pairs: list[dict], names: list[str] | None = None) -> dict[str, list]:
    """Name by name, each with its values in order: the order of different names is not promised."""
    result: dict[str, list] = {}
    for pair in pairs:
        name = pair["name"].lower()
        if names is not None and pair["name"] not in names:
            continue
        binary = name.endswith("-bin") and not pair.get("raw")
        value = base64.b64decode(pair.get("binary", "")) if binary else pair.get("value", "")
        result.setdefault(name, []).append(value)
    return result


def seen_outcome(scenario: dict, outcome: dict) -> dict:
    """A client's words in the form of expected_outcome()."""
    response = outcome.get("response")
    return {
        "code": outcome.get("code", 0),
        "message": outcome.get("message", ""),
        "response": seen_response(scenario, response) if response else nothing(),
        "headers": grouped(outcome.get("headers", [])),
        "trailers": grouped(outcome.get("trailers", [])),
        "details": [(note.get("text", ""), note.get("number", 0)) for note in outcome.get("details", [])],
        "texts": outcome.get("texts", []),
        "refused": False,
    }


def seen_response(scenario: dict, response: dict) -> dict:
    left = int(response.get("timeoutMs", 0))
    sent = scenario["timeoutMs"]
    told = not sent or max(sent - ON_THE_WAY, 0) < left <= sent * ROUNDED_UP
    return {
        "text": response.get("text", ""),
        "observed": grouped(response.get("observed", [])),
        "timeout": "as sent" if told else left,
    }


def differences(wanted: dict, scenario: dict, outcome: dict | None) -> list[str]:
    if outcome is None:
        return ["no outcome"]
    if bool(outcome.get("refused")) != wanted["refused"]:
        return [f"refused: wanted {wanted['refused']}, got {outcome.get('refused')!r}"]
    if wanted["refused"]:
        return []
    seen = seen_outcome(scenario, outcome)
    # buf curl does not show what stands in the body of a gRPC-Web answer besides the messages.
    if outcome.get("trailers not shown"):
        seen["trailers"] = wanted["trailers"]
    if wanted["message"] is None:
        seen["message"] = None
    return [f"{key}: wanted {wanted[key]!r}, got {seen[key]!r}" for key in wanted if wanted[key] != seen[key]]

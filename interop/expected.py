"""What a client must have seen, from the scenario alone; and how that differs from what it says."""

import base64


def expected_outcome(scenario: dict, client: str, server: str, protocol: str) -> dict:
    request = scenario["request"]
    response = {"text": request["text"], "observed": grouped(scenario["headers"], request["observe"])}
    headers, trailers = request["headers"], request["trailers"]
    failure = request.get("failure")
    if not failure:
        return {
            "code": 0,
            "message": "",
            "response": response,
            "headers": grouped(headers),
            "trailers": grouped(trailers),
            "details": [],
        }
    # A failing connect-go handler sends its error's metadata only.
    if server == "connect-go":
        headers = trailers = []
    if protocol == "connect":
        headers = headers + failure["metadata"]
    else:
        trailers = failure["metadata"] + trailers
    # connect-go's client keeps one map for both.
    if client == "connect-go":
        headers, trailers = headers + trailers, []
    return {
        "code": failure["code"],
        "message": failure["message"],
        "response": response,
        "headers": grouped(headers),
        "trailers": grouped(trailers),
        "details": [(note["text"], note["number"]) for note in failure["details"]],
    }


def grouped(pairs: list[dict], names: list[str] | None = None) -> dict[str, list]:
    """Name by name, each with its values in order: the order of different names is not promised."""
    result: dict[str, list] = {}
    for pair in pairs:
        name = pair["name"].lower()
        if names is not None and pair["name"] not in names:
            continue
        value = base64.b64decode(pair.get("binary", "")) if name.endswith("-bin") else pair.get("value", "")
        result.setdefault(name, []).append(value)
    return result


def differences(wanted: dict, outcome: dict | None) -> list[str]:
    if outcome is None:
        return ["no outcome"]
    response = outcome.get("response", {})
    seen = {
        "code": outcome.get("code", 0),
        "message": outcome.get("message", ""),
        "response": {"text": response.get("text", ""), "observed": grouped(response.get("observed", []))},
        "headers": grouped(outcome.get("headers", [])),
        "trailers": grouped(outcome.get("trailers", [])),
        "details": [(note.get("text", ""), note.get("number", 0)) for note in outcome.get("details", [])],
    }
    # buf curl does not show what stands in the body of a gRPC-Web answer besides the messages.
    if outcome.get("trailers not shown"):
        seen["trailers"] = wanted["trailers"]
    return [f"{key}: wanted {wanted[key]!r}, got {seen[key]!r}" for key in wanted if wanted[key] != seen[key]]

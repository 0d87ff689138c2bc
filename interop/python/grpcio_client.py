"""A grpcio client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON."""

import pathlib
import queue

import grpc
from schema import (
    CONVERSE,
    CallRequest,
    CallResponse,
    DOWNLOAD,
    OPENING,
    Outcome,
    SERVICE,
    add_details,
    add_message,
    arguments,
    complain,
    native,
    pick_native,
    print_outcome,
    read_scenarios,
    reply_names,
    timeout_of,
)


def gather(outcome, call, names) -> None:
    for field, metadata in ((outcome.headers, call.initial_metadata()), (outcome.trailers, call.trailing_metadata())):
        pick_native(field, lambda name: [value for key, value in metadata or () if key == name], names)


def converse(start, scenario, outcome, **options):
    requests = queue.SimpleQueue()
    call = start(iter(requests.get, None), **options)
    if scenario.waits_for_headers:
        call.initial_metadata()
    responses = iter(call)
    for text in scenario.request.texts:
        requests.put(CallRequest(text=text))
        try:
            add_message(outcome, next(responses))
        except BaseException:
            requests.put(None)
            raise
    requests.put(None)
    for response in responses:
        add_message(outcome, response)
    return call


def run(channel, scenario, compression):
    outcome = Outcome(scenario=scenario.name)
    metadata = native(scenario.headers)
    serial = {"request_serializer": CallRequest.SerializeToString, "response_deserializer": CallResponse.FromString}
    options = {"timeout": timeout_of(scenario), "compression": compression}
    names = reply_names(scenario.request)
    try:
        if scenario.method == CONVERSE:
            metadata.append((OPENING, scenario.request.SerializeToString()))
            start = channel.stream_stream(f"/{SERVICE}/Converse", **serial)
            call = converse(start, scenario, outcome, metadata=metadata, **options)
        elif scenario.method == DOWNLOAD:
            call = channel.unary_stream(f"/{SERVICE}/Download", **serial)(scenario.request, metadata=metadata, **options)
            call.initial_metadata()
            for response in call:
                add_message(outcome, response)
        else:
            start = channel.unary_unary(f"/{SERVICE}/Exchange", **serial)
            response, call = start.with_call(scenario.request, metadata=metadata, **options)
            outcome.response.CopyFrom(response)
        gather(outcome, call, names)
    except grpc.RpcError as error:
        outcome.code, outcome.message = error.code().value[0], error.details() or ""
        gather(outcome, error, names)
        for name, value in error.trailing_metadata() or ():
            if name == "grpc-status-details-bin":
                add_details(outcome, value)
    except (ValueError, TypeError) as error:
        outcome.refused = complain(error)
    return outcome


def main() -> None:
    args = arguments()
    target = args.url.split("//")[1]
    if args.url.startswith("https"):
        channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(pathlib.Path(args.ca).read_bytes()))
    else:
        channel = grpc.insecure_channel(target)
    compression = grpc.Compression.Gzip if args.gzip else None
    with channel:
        for scenario in read_scenarios(args.scenarios):
            print_outcome(run(channel, scenario, compression))


main()

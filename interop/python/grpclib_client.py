"""A grpclib client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON."""

import asyncio
import ssl

import grpclib.client
import grpclib.exceptions
from grpclib_codec import StatusBytes
from schema import (
    CONVERSE,
    CallRequest,
    CallResponse,
    DOWNLOAD,
    EXCHANGE,
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


async def converse(stream, scenario, outcome) -> None:
    await stream.send_request()
    if scenario.waits_for_headers:
        await stream.recv_initial_metadata()
    for text in scenario.request.texts:
        await stream.send_message(CallRequest(text=text))
        response = await stream.recv_message()
        if response is None:
            break
        add_message(outcome, response)
    await stream.end()
    while (response := await stream.recv_message()) is not None:
        add_message(outcome, response)
    await stream.recv_trailing_metadata()


async def run(channel, scenario):
    outcome = Outcome(scenario=scenario.name)
    metadata = native(scenario.headers)
    names = reply_names(scenario.request)
    if scenario.method == CONVERSE:
        metadata.append((OPENING, scenario.request.SerializeToString()))
    name, kind = {
        EXCHANGE: ("Exchange", grpclib.client.UnaryUnaryMethod),
        DOWNLOAD: ("Download", grpclib.client.UnaryStreamMethod),
        CONVERSE: ("Converse", grpclib.client.StreamStreamMethod),
    }[scenario.method]
    method = kind(channel, f"/{SERVICE}/{name}", CallRequest, CallResponse)
    stream = None
    try:
        async with method.open(timeout=timeout_of(scenario), metadata=metadata) as stream:
            if scenario.method == CONVERSE:
                await converse(stream, scenario, outcome)
            else:
                await stream.send_message(scenario.request, end=True)
                await stream.recv_initial_metadata()
                while (response := await stream.recv_message()) is not None:
                    if scenario.method == EXCHANGE:
                        outcome.response.CopyFrom(response)
                        break
                    add_message(outcome, response)
                await stream.recv_trailing_metadata()
    except grpclib.exceptions.GRPCError as error:
        outcome.code, outcome.message = error.status.value, error.message or ""
        if error.details:
            add_details(outcome, error.details)
    except TimeoutError:
        # What grpclib says when its own clock has run out.
        outcome.code, outcome.message = 4, "TimeoutError"
    except Exception as error:
        # Its own checks, and those of the HTTP/2 library below it.
        outcome.refused = complain(error)
    if stream is not None:
        for field, received in ((outcome.headers, stream.initial_metadata), (outcome.trailers, stream.trailing_metadata)):
            if received is not None:
                pick_native(field, lambda name: received.getall(name, ()), names)
    return outcome


async def main() -> None:
    args = arguments()
    host, port = args.url.split("//")[1].split(":")
    context = None
    if args.url.startswith("https"):
        context = ssl.create_default_context(cafile=args.ca)
        context.set_alpn_protocols(["h2"])
    async with grpclib.client.Channel(host, int(port), ssl=context, status_details_codec=StatusBytes()) as channel:
        for scenario in read_scenarios(args.scenarios):
            print_outcome(await run(channel, scenario))


asyncio.run(main())

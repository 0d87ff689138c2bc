"""A connect-python client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON. With
--blocking the synchronous client."""

import asyncio
import pathlib
import queue
import time

import pyqwest
from connect_apps import CODES, METHODS
from connectrpc.client import ConnectClient, ConnectClientSync, ResponseMetadata
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_json_codec
from connectrpc.compression.gzip import GzipCompression
from connectrpc.errors import ConnectError
from connectrpc.protocol import ProtocolType
from connectrpc.request import Headers
from schema import (
    CONVERSE,
    CallRequest,
    DOWNLOAD,
    OPENING,
    Outcome,
    add_detail,
    add_message,
    arguments,
    complain,
    encode,
    pick_texts,
    print_outcome,
    read_scenarios,
    reply_names,
    texts,
    timeout_of,
)

NUMBERS = {code: number for number, code in CODES.items()}


def options_of(scenario) -> dict:
    headers = Headers(texts(scenario.headers))
    if scenario.method == CONVERSE:
        headers[OPENING] = encode(scenario.request.SerializeToString())
    timeout = timeout_of(scenario)
    return {"headers": headers, "timeout_ms": None if timeout is None else int(timeout * 1000)}


def failed(outcome, error) -> None:
    outcome.code, outcome.message = NUMBERS[error.code], error.message
    for detail in error.details:
        add_detail(outcome, detail.type_name, detail.message_bytes)


def gather(outcome, metadata, names) -> None:
    pick_texts(outcome.headers, metadata.headers.getall, names)
    pick_texts(outcome.trailers, metadata.trailers.getall, names)


async def converse(client, scenario, outcome, metadata, half_duplex) -> None:
    requests = asyncio.Queue()

    async def sent():
        # There is no step that waits for the headers, but one can see that they are there.
        while scenario.waits_for_headers and metadata.http_status is None:
            await asyncio.sleep(0.002)
        while (request := await requests.get()) is not None:
            yield request

    responses = aiter(client.execute_bidi_stream(request=sent(), method=METHODS["Converse"], **options_of(scenario)))
    for text in scenario.request.texts:
        requests.put_nowait(CallRequest(text=text))
        if not half_duplex:
            add_message(outcome, await anext(responses))
    requests.put_nowait(None)
    async for response in responses:
        add_message(outcome, response)


async def run(client, scenario, use_get, half_duplex):
    outcome = Outcome(scenario=scenario.name)
    with ResponseMetadata() as metadata:
        try:
            if scenario.method == CONVERSE:
                await converse(client, scenario, outcome, metadata, half_duplex)
            elif scenario.method == DOWNLOAD:
                options = options_of(scenario)
                stream = client.execute_server_stream(request=scenario.request, method=METHODS["Download"], **options)
                async for response in stream:
                    add_message(outcome, response)
            else:
                options = options_of(scenario) | {"use_get": use_get}
                response = await client.execute_unary(request=scenario.request, method=METHODS["Exchange"], **options)
                outcome.response.CopyFrom(response)
        except ConnectError as error:
            failed(outcome, error)
        except (ValueError, TypeError) as error:
            outcome.refused = complain(error)
        gather(outcome, metadata, reply_names(scenario.request))
    return outcome


def converse_sync(client, scenario, outcome, metadata, half_duplex) -> None:
    requests = queue.SimpleQueue()
    options = options_of(scenario)

    def sent():
        while scenario.waits_for_headers and metadata.http_status is None:
            time.sleep(0.002)
        yield from iter(requests.get, None)

    responses = iter(client.execute_bidi_stream(request=sent(), method=METHODS["Converse"], **options))
    try:
        for text in scenario.request.texts:
            requests.put(CallRequest(text=text))
            if not half_duplex:
                add_message(outcome, next(responses))
    finally:
        requests.put(None)
    for response in responses:
        add_message(outcome, response)


def run_sync(client, scenario, use_get, half_duplex):
    outcome = Outcome(scenario=scenario.name)
    with ResponseMetadata() as metadata:
        try:
            if scenario.method == CONVERSE:
                converse_sync(client, scenario, outcome, metadata, half_duplex)
            elif scenario.method == DOWNLOAD:
                options = options_of(scenario)
                stream = client.execute_server_stream(request=scenario.request, method=METHODS["Download"], **options)
                for response in stream:
                    add_message(outcome, response)
            else:
                options = options_of(scenario) | {"use_get": use_get}
                response = client.execute_unary(request=scenario.request, method=METHODS["Exchange"], **options)
                outcome.response.CopyFrom(response)
        except ConnectError as error:
            failed(outcome, error)
        except (ValueError, TypeError) as error:
            outcome.refused = complain(error)
        gather(outcome, metadata, reply_names(scenario.request))
    return outcome


def main() -> None:
    args = arguments()
    transport = {
        "http_version": pyqwest.HTTPVersion.HTTP1 if args.http == "1" else pyqwest.HTTPVersion.HTTP2,
        "tls_ca_cert": pathlib.Path(args.ca).read_bytes() if args.ca else None,
    }
    options = {
        "codec": google_protobuf_json_codec() if args.codec == "json" else google_protobuf_binary_codec(),
        "protocol": {"grpc": ProtocolType.GRPC, "grpc-web": ProtocolType.GRPC_WEB}.get(args.protocol, ProtocolType.CONNECT),
        "send_compression": GzipCompression() if args.gzip else None,
    }
    half_duplex = args.http == "1"
    scenarios = read_scenarios(args.scenarios)
    if args.blocking:
        client = ConnectClientSync(
            args.url, http_client=pyqwest.SyncClient(pyqwest.SyncHTTPTransport(**transport)), **options
        )
        for scenario in scenarios:
            print_outcome(run_sync(client, scenario, args.get, half_duplex))
        return

    async def run_all():
        client = ConnectClient(args.url, http_client=pyqwest.Client(pyqwest.HTTPTransport(**transport)), **options)
        for scenario in scenarios:
            print_outcome(await run(client, scenario, args.get, half_duplex))

    asyncio.run(run_all())


main()

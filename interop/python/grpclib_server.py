"""A grpclib server of InteropService: prints its addresses on one line and runs until it is ended."""

import asyncio
import signal
import ssl

import grpclib.const
import grpclib.server
from grpclib_codec import StatusBytes
from schema import (
    CallRequest,
    CallResponse,
    OPENING,
    SERVICE,
    arguments,
    native,
    pick_native,
    say_where,
    status_of,
    with_text,
)


def begin(request, stream):
    left = stream.deadline.time_remaining() if stream.deadline else 0
    response = CallResponse(text=request.text, timeout_ms=int(left * 1000))
    pick_native(response.observed, lambda name: stream.metadata.getall(name, ()), request.observe)
    return response


async def finish(request, response, stream) -> None:
    await asyncio.sleep(request.delay_ms / 1000)
    trailers = native([*request.failure.metadata, *request.trailers])
    if not request.HasField("failure"):
        await stream.send_trailing_metadata(metadata=trailers)
        return
    await stream.send_trailing_metadata(
        status=grpclib.const.Status(request.failure.code),
        status_message=request.failure.message,
        status_details=status_of(request, response),
        metadata=trailers,
    )


async def exchange(stream) -> None:
    request = await stream.recv_message()
    response = begin(request, stream)
    if request.headers:
        await stream.send_initial_metadata(metadata=native(request.headers))
    if not request.HasField("failure"):
        await asyncio.sleep(request.delay_ms / 1000)
        await stream.send_message(response)
    await finish(request, response, stream)


async def download(stream) -> None:
    request = await stream.recv_message()
    response = begin(request, stream)
    await stream.send_initial_metadata(metadata=native(request.headers))
    for text in request.texts:
        await stream.send_message(with_text(response, text))
    await finish(request, response, stream)


async def converse(stream) -> None:
    opening = CallRequest.FromString(stream.metadata[OPENING])
    response = begin(opening, stream)
    await stream.send_initial_metadata(metadata=native(opening.headers))
    async for request in stream:
        await stream.send_message(with_text(response, request.text))
    await finish(opening, response, stream)


class Service:
    def __mapping__(self):
        kinds = grpclib.const.Cardinality
        methods = {
            "Exchange": (exchange, kinds.UNARY_UNARY),
            "Download": (download, kinds.UNARY_STREAM),
            "Converse": (converse, kinds.STREAM_STREAM),
        }
        return {
            f"/{SERVICE}/{name}": grpclib.const.Handler(function, kind, CallRequest, CallResponse)
            for name, (function, kind) in methods.items()
        }


async def main() -> None:
    args = arguments()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(args.cert, args.key)
    context.set_alpn_protocols(["h2"])
    ports = []
    servers = []
    for security in (None, context):
        server = grpclib.server.Server([Service()], status_details_codec=StatusBytes())
        await server.start("127.0.0.1", 0, ssl=security)
        servers.append(server)
        ports.append(server._server.sockets[0].getsockname()[1])
    say_where(*ports)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    for server in servers:
        server.close()


asyncio.run(main())

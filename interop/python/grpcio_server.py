"""A grpcio server of InteropService: prints its addresses on one line and runs until it is ended."""

import concurrent.futures
import pathlib
import signal
import threading
import time

import grpc
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

CODES = {code.value[0]: code for code in grpc.StatusCode}


def begin(request, context):
    received = context.invocation_metadata()
    response = CallResponse(text=request.text, timeout_ms=int((context.time_remaining() or 0) * 1000))
    pick_native(response.observed, lambda name: [value for key, value in received if key == name], request.observe)
    return response


def finish(request, response, context) -> None:
    time.sleep(request.delay_ms / 1000)
    trailers = native([*request.failure.metadata, *request.trailers])
    if not request.HasField("failure"):
        context.set_trailing_metadata(trailers)
        return
    context.set_trailing_metadata([*trailers, ("grpc-status-details-bin", status_of(request, response))])
    context.abort(CODES[request.failure.code], request.failure.message)


def exchange(request, context):
    response = begin(request, context)
    if request.headers:
        context.send_initial_metadata(native(request.headers))
    finish(request, response, context)
    return response


def download(request, context):
    response = begin(request, context)
    context.send_initial_metadata(native(request.headers))
    for text in request.texts:
        yield with_text(response, text)
    finish(request, response, context)


def converse(requests, context):
    opening = CallRequest.FromString(dict(context.invocation_metadata())[OPENING])
    response = begin(opening, context)
    context.send_initial_metadata(native(opening.headers))
    for request in requests:
        yield with_text(response, request.text)
    finish(opening, response, context)


def main() -> None:
    args = arguments()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    serial = {"request_deserializer": CallRequest.FromString, "response_serializer": CallResponse.SerializeToString}
    handlers = {
        "Exchange": grpc.unary_unary_rpc_method_handler(exchange, **serial),
        "Download": grpc.unary_stream_rpc_method_handler(download, **serial),
        "Converse": grpc.stream_stream_rpc_method_handler(converse, **serial),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    pair = (pathlib.Path(args.key).read_bytes(), pathlib.Path(args.cert).read_bytes())
    plain = server.add_insecure_port("127.0.0.1:0")
    secure = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
    server.start()
    say_where(plain, secure)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    server.stop(0).wait()


main()

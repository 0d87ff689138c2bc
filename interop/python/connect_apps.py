"""Applications of connect-python with InteropService: `asynchronous` for ASGI, `blocking` for WSGI."""

import asyncio
import time

from connectrpc.code import Code
from connectrpc.compat import google_protobuf_codecs
from connectrpc.errors import ConnectError, ErrorDetail
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.server import ConnectASGIApplication, ConnectWSGIApplication, Endpoint, EndpointSync
from protobuf.wkt import Any
from schema import CallRequest, CallResponse, OPENING, SERVICE, decode, details_of, pick_texts, texts, with_text

CODES = {number: code for number, code in enumerate(Code, 1)}


def method(name: str, kind: StreamType) -> MethodInfo:
    level = IdempotencyLevel.NO_SIDE_EFFECTS if name == "Exchange" else IdempotencyLevel.UNKNOWN
    return MethodInfo(
        name=name,
        service_name=SERVICE,
        input=CallRequest,
        output=CallResponse,
        idempotency_level=level,
        stream_type=kind,
    )


def begin(request, context):
    response = CallResponse(text=request.text, timeout_ms=int(context.timeout_ms or 0))
    pick_texts(response.observed, context.request_headers.getall, request.observe)
    for name, value in texts(request.headers):
        context.response_headers.add(name, value)
    for name, value in texts(request.trailers):
        context.response_trailers.add(name, value)
    return response


def begin_conversation(context):
    opening = CallRequest.FromString(decode(context.request_headers[OPENING]))
    return opening, begin(opening, context)


def finish(request, response) -> None:
    if not request.HasField("failure"):
        return
    details = [ErrorDetail(Any(type_url=d.type_url, value=d.value)) for d in details_of(request, response)]
    raise ConnectError(CODES[request.failure.code], request.failure.message, details)


async def exchange(request, context):
    response = begin(request, context)
    await asyncio.sleep(request.delay_ms / 1000)
    finish(request, response)
    return response


async def download(request, context):
    response = begin(request, context)
    for text in request.texts:
        yield with_text(response, text)
    await asyncio.sleep(request.delay_ms / 1000)
    finish(request, response)


async def converse(requests, context):
    opening, response = begin_conversation(context)
    async for request in requests:
        yield with_text(response, request.text)
    await asyncio.sleep(opening.delay_ms / 1000)
    finish(opening, response)


def exchange_sync(request, context):
    response = begin(request, context)
    time.sleep(request.delay_ms / 1000)
    finish(request, response)
    return response


def download_sync(request, context):
    response = begin(request, context)
    for text in request.texts:
        yield with_text(response, text)
    time.sleep(request.delay_ms / 1000)
    finish(request, response)


def converse_sync(requests, context):
    opening, response = begin_conversation(context)
    for request in requests:
        yield with_text(response, request.text)
    time.sleep(opening.delay_ms / 1000)
    finish(opening, response)


METHODS = {
    "Exchange": method("Exchange", StreamType.UNARY),
    "Download": method("Download", StreamType.SERVER_STREAM),
    "Converse": method("Converse", StreamType.BIDI_STREAM),
}


def endpoints(kind, unary, server_stream, bidi_stream):
    return {
        f"/{SERVICE}/Exchange": kind.unary(method=METHODS["Exchange"], function=unary),
        f"/{SERVICE}/Download": kind.server_stream(method=METHODS["Download"], function=server_stream),
        f"/{SERVICE}/Converse": kind.bidi_stream(method=METHODS["Converse"], function=bidi_stream),
    }


class Asynchronous(ConnectASGIApplication):
    path = f"/{SERVICE}"


class Blocking(ConnectWSGIApplication):
    path = f"/{SERVICE}"


asynchronous = Asynchronous(
    service=None,
    endpoints=lambda _: endpoints(Endpoint, exchange, download, converse),
    codecs=google_protobuf_codecs(),
)
blocking = Blocking(
    endpoints=endpoints(EndpointSync, exchange_sync, download_sync, converse_sync), codecs=google_protobuf_codecs()
)

"""EchoService on connect-python, for an ASGI server."""

from bench.v1.echo_connect import EchoService, EchoServiceASGIApplication
from bench.v1.echo_pb2 import EchoResponse, IngestResponse
from work import sums


class Echo(EchoService):
    async def echo(self, request, ctx):
        return EchoResponse(text=request.text, payload=request.payload)

    async def ingest(self, request, ctx):
        return sums(request)

    async def stream(self, request, ctx):
        message = EchoResponse(payload=b"x" * request.size)
        for _ in range(request.count):
            yield message

    async def chat(self, request, ctx):
        async for message in request:
            yield EchoResponse(text=message.text, payload=message.payload)

    async def upload(self, request, ctx):
        answer = IngestResponse()
        async for message in request:
            answer.count += 1
            answer.bytes += len(message.payload)
        return answer


app = EchoServiceASGIApplication(Echo())

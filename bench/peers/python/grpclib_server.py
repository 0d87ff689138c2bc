"""EchoService on grpclib: grpclib_server.py PORT."""

import asyncio
import sys

import uvloop
from bench.v1.echo_grpc import EchoServiceBase
from bench.v1.echo_pb2 import EchoResponse, IngestResponse
from grpclib.server import Server
from work import sums


class Echo(EchoServiceBase):
    async def Echo(self, stream):
        request = await stream.recv_message()
        await stream.send_message(EchoResponse(text=request.text, payload=request.payload))

    async def Ingest(self, stream):
        await stream.send_message(sums(await stream.recv_message()))

    async def Stream(self, stream):
        request = await stream.recv_message()
        message = EchoResponse(payload=b"x" * request.size)
        for _ in range(request.count):
            await stream.send_message(message)

    async def Chat(self, stream):
        async for message in stream:
            await stream.send_message(EchoResponse(text=message.text, payload=message.payload))

    async def Upload(self, stream):
        answer = IngestResponse()
        async for message in stream:
            answer.count += 1
            answer.bytes += len(message.payload)
        await stream.send_message(answer)


async def serve():
    server = Server([Echo()])
    await server.start("127.0.0.1", int(sys.argv[1]))
    await server.wait_closed()


with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(serve())

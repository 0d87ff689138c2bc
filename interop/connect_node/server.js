// A connect-node server of InteropService over HTTP/2: prints its addresses on one line and runs until it is ended.
import fs from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import { addPairs, argument, connect, connectNode, OPENING, pick, protobuf, schema, service } from "./interop.js";

function begin(request, context) {
  addPairs(context.responseHeader, request.headers);
  addPairs(context.responseTrailer, request.trailers);
  return {
    text: request.text,
    observed: pick(context.requestHeader, request.observe),
    timeoutMs: BigInt(Math.floor(context.timeoutMs() ?? 0)),
  };
}

async function finish(request, response, context) {
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, request.delayMs);
    context.signal.addEventListener("abort", () => { clearTimeout(timer); reject(context.signal.reason); });
  });
  const failure = request.failure;
  if (!failure) return;
  throw new connect.ConnectError(failure.message, failure.code, addPairs(new Headers(), failure.metadata), [
    ...failure.details.map((value) => ({ desc: schema("Note"), value })),
    { desc: schema("CallResponse"), value: response },
  ]);
}

const implementation = {
  async exchange(request, context) {
    const response = begin(request, context);
    await finish(request, response, context);
    return response;
  },
  async *download(request, context) {
    const response = begin(request, context);
    for (const text of request.texts) yield { ...response, text };
    await finish(request, response, context);
  },
  async *converse(requests, context) {
    const opening = connect.decodeBinaryHeader(context.requestHeader.get(OPENING), schema("CallRequest"));
    const response = begin(opening, context);
    for await (const { text } of requests) yield { ...response, text };
    await finish(opening, response, context);
  },
};

const handler = connectNode.connectNodeAdapter({ routes: (router) => router.service(service, implementation) });
const listening = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
// One port speaks one version: in the clear there is nothing that tells them apart.
const plain = await listening(http2.createServer(handler));
const plain1 = await listening(http.createServer(handler));
const tls = { cert: fs.readFileSync(argument("--cert")), key: fs.readFileSync(argument("--key")), allowHTTP1: true };
const secure = await listening(http2.createSecureServer(tls, handler));
console.log(`http://127.0.0.1:${plain} https://127.0.0.1:${secure} http1://127.0.0.1:${plain1}`);

// A connect-node client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON.
import fs from "node:fs";
import { addPairs, argument, connect, connectNode, flag, OPENING, pick, protobuf, schema, service } from "./interop.js";

const protocol = argument("--protocol");
const secure = argument("--ca") ? { ca: fs.readFileSync(argument("--ca")) } : {};
const make = {
  connect: connectNode.createConnectTransport,
  grpc: connectNode.createGrpcTransport,
  "grpc-web": connectNode.createGrpcWebTransport,
}[protocol];
const transport = make({
  baseUrl: argument("--url"),
  httpVersion: argument("--http") === "1" ? "1.1" : "2",
  useBinaryFormat: argument("--codec") !== "json",
  useHttpGet: flag("--get"),
  nodeOptions: secure,
  ...(flag("--gzip") ? { sendCompression: connectNode.compressionGzip, compressMinBytes: 0 } : {}),
});
const client = connect.createClient(service, transport);

function namesOf(request) {
  const pairs = [request.headers, request.failure?.metadata ?? [], request.trailers].flat();
  return [...new Set(pairs.map((pair) => pair.name))];
}

// The requests of a conversation: what is sent waits until it is asked for.
class Requests {
  #waiting = [];
  #ready = [];
  #push(item) {
    const resolve = this.#waiting.shift();
    if (resolve) resolve(item);
    else this.#ready.push(item);
  }
  send(value) { this.#push({ value, done: false }); }
  close() { this.#push({ value: undefined, done: true }); }
  async *[Symbol.asyncIterator]() {
    for (;;) {
      const { value, done } = this.#ready.shift() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
      if (done) return;
      yield value;
    }
  }
}

async function call(scenario) {
  const request = scenario.request;
  const outcome = { scenario: scenario.name, texts: [] };
  const names = namesOf(request);
  const gather = (response) => {
    if (outcome.texts.length === 0) outcome.response = response;
    outcome.texts.push(response.text);
  };
  let headers = new Headers();
  let trailers = new Headers();
  let gotHeaders;
  const headersCame = new Promise((resolve) => (gotHeaders = resolve));
  try {
    const sent = addPairs(new Headers(), scenario.headers);
    const options = {
      headers: sent,
      timeoutMs: scenario.timeoutMs < 0 ? undefined : scenario.timeoutMs || 20000,
      onHeader: (given) => { headers = given; gotHeaders(); },
      onTrailer: (given) => (trailers = given),
    };
    if (scenario.method === 1) {
      for await (const response of client.download(request, options)) gather(response);
    } else if (scenario.method === 2) {
      sent.set(OPENING, connect.encodeBinaryHeader(request, schema("CallRequest")));
      const requests = new Requests();
      const responses = client.converse(requests, options)[Symbol.asyncIterator]();
      const half = argument("--http") === "1";
      // The first read is what opens the call.
      let next = responses.next();
      if (scenario.waitsForHeaders) await Promise.race([headersCame, next]);
      for (const text of request.texts) {
        requests.send({ text });
        if (half) continue;
        const { value, done } = await next;
        if (done) throw new Error("the stream ended early");
        gather(value);
        next = responses.next();
      }
      requests.close();
      for (let item = await next; !item.done; item = await responses.next()) gather(item.value);
    } else {
      outcome.response = await client.exchange(request, options);
    }
  } catch (error) {
    if (!(error instanceof connect.ConnectError)) {
      outcome.refused = `${error.name}: ${error.message}`;
      return outcome;
    }
    outcome.code = error.code;
    outcome.message = error.rawMessage;
    outcome.details = error.findDetails(schema("Note"));
    outcome.response = error.findDetails(schema("CallResponse"))[0] ?? outcome.response;
    // Headers and trailers are one there; onHeader and onTrailer are not told of a unary call that fails.
    headers = error.metadata;
    trailers = new Headers();
  }
  outcome.headers = pick(headers, names);
  outcome.trailers = pick(trailers, names);
  return outcome;
}

const table = protobuf.fromJson(schema("Scenarios"), JSON.parse(fs.readFileSync(argument("--scenarios"), "utf8")));
for (const scenario of table.scenarios) {
  const outcome = protobuf.create(schema("Outcome"), await call(scenario));
  console.log(JSON.stringify(protobuf.toJson(schema("Outcome"), outcome)));
}
process.exit(0);

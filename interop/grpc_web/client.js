// A client of InteropService made with grpc-web, the gRPC project's library for browsers: prints an Outcome for each
// scenario. --form text|binary; --stream calls the server stream, which the library has in the text form only.
"use strict";

const fs = require("fs");
const path = require("path");
const protobuf = require("protobufjs");

function argument(name, otherwise = "") {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
}
const url = argument("--url");
const text = argument("--form") === "text";
const stream = process.argv.includes("--stream");

// The one fills responseText as bytes arrive, which reading a stream takes; the other knows bytes.
global.XMLHttpRequest = text ? require("xmlhttprequest").XMLHttpRequest : require("xhr2");
const web = require("grpc-web");

const root = new protobuf.Root();
root.resolvePath = (_, target) => path.join(__dirname, "..", "proto", target);
root.loadSync("interop/v1/interop.proto");
const CallRequest = root.lookupType("interop.v1.CallRequest");
const CallResponse = root.lookupType("interop.v1.CallResponse");
const Note = root.lookupType("interop.v1.Note");
// What gRPC puts into grpc-status-details-bin.
const Status = protobuf.parse(`
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
`).root.lookupType("Status");

const method = new web.MethodDescriptor(
  `/interop.v1.InteropService/${stream ? "ExchangeThrice" : "Exchange"}`,
  stream ? web.MethodType.SERVER_STREAMING : web.MethodType.UNARY,
  Object,
  Object,
  (request) => CallRequest.encode(request).finish(),
  (bytes) => CallResponse.toObject(CallResponse.decode(bytes), { bytes: String, longs: String, defaults: true }),
);

// The library's dictionary as pairs of the names of interest.
function pick(metadata, names) {
  return Object.entries(metadata)
    .filter(([name]) => names.has(name))
    .map(([name, value]) => (name.endsWith("-bin") ? { name, binary: padded(value) } : { name, value }));
}

function padded(base64) {
  return base64.replace(/=+$/, "").padEnd(Math.ceil(base64.replace(/=+$/, "").length / 4) * 4, "=");
}

function readDetails(outcome, base64) {
  if (!base64) return;
  const status = Status.decode(Buffer.from(base64, "base64"));
  if (status.code !== outcome.code || status.message !== outcome.message) outcome.details.push({ text: "another status" });
  for (const { typeUrl: type, value } of status.details) {
    if (type.endsWith("/interop.v1.Note")) outcome.details.push(Note.toObject(Note.decode(value), { defaults: true }));
    else outcome.response = CallResponse.toObject(CallResponse.decode(value), { bytes: String, longs: String, defaults: true });
  }
}

// Whether some stream came message by message, as it was sent. A busy machine may bring one all at once.
let cameApart = false;

// Three equal responses as one; anything else as a text that no scenario wants.
function collapse(received) {
  const texts = received.map(({ response }) => JSON.stringify(response));
  if (texts.length !== 3 || texts[1] !== texts[0] || texts[2] !== texts[0]) return { text: `received ${texts}` };
  if (received[2].at - received[0].at >= 20) cameApart = true;
  return received[0].response;
}

function call(scenario) {
  const request = CallRequest.fromObject(scenario.request);
  const metadata = {};
  for (const pair of scenario.headers) metadata[pair.name] = pair.value ?? padded(pair.binary);
  const sent = [scenario.request.headers, scenario.request.trailers, scenario.request.failure?.metadata];
  const names = new Set(sent.flatMap((pairs) => pairs ?? []).map((pair) => pair.name.toLowerCase()));
  return new Promise((resolve) => {
    const outcome = { scenario: scenario.name, code: 0, message: "", details: [], headers: [], trailers: [] };
    const received = [];
    let headers = {};
    let trailers = {};
    const failed = (error) => {
      outcome.code = error.code;
      outcome.message = error.message;
      trailers = error.metadata;
      // An answer that is nothing but trailers.
      if ("grpc-status" in trailers) headers = {};
      readDetails(outcome, trailers["grpc-status-details-bin"]);
    };
    const done = () => {
      if (stream && outcome.code === 0) outcome.response = collapse(received);
      outcome.headers = pick(headers, names);
      outcome.trailers = pick(trailers, names);
      resolve(outcome);
    };
    const base = new web.GrpcWebClientBase({ format: text ? "text" : "binary" });
    let running;
    if (stream) {
      running = base.serverStreaming(url + method.getName(), request, metadata, method);
      running.on("data", (response) => received.push({ response, at: Date.now() }));
      // Told before the metadata.
      running.on("error", (error) => setImmediate(() => { failed(error); done(); }));
      running.on("end", () => setImmediate(done));
    } else {
      running = base.rpcCall(url + method.getName(), request, metadata, method, (error, response) => {
        // Other events of the same answer come right after this one.
        setImmediate(() => {
          if (error) failed(error);
          else outcome.response = response;
          done();
        });
      });
    }
    running.on("metadata", (given) => (headers = given));
    running.on("status", (status) => { if (status.code === 0) trailers = status.metadata ?? {}; });
  });
}

async function main() {
  const table = JSON.parse(fs.readFileSync(argument("--scenarios"), "utf8"));
  for (const scenario of table.scenarios) console.log(JSON.stringify(await call(scenario)));
  if (stream && !cameApart) throw new Error("the messages of every stream came all at once");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

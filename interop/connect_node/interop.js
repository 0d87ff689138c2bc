// What the programs of connect-node share: the schema, pairs to Headers and back.
import fs from "node:fs";
import { createRequire } from "node:module";

// From the folder that has the packages, which is another one than this file's.
const require = createRequire(`${process.env.INTEROP_PACKAGES}/`);
const { createFileRegistry, create, fromBinary, toBinary, fromJson, toJson } = require("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = require("@bufbuild/protobuf/wkt");
export const connect = require("@connectrpc/connect");
export const connectNode = require("@connectrpc/connect-node");
export const protobuf = { create, fromBinary, toBinary, fromJson, toJson };

export function argument(name, otherwise = "") {
  const at = process.argv.indexOf(name);
  return at < 0 ? otherwise : process.argv[at + 1];
}
export const flag = (name) => process.argv.includes(name);

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, fs.readFileSync(process.env.INTEROP_SCHEMA)));
export const service = registry.getService("interop.v1.InteropService");
export const schema = (name) => registry.getMessage(`interop.v1.${name}`);
export const OPENING = "interop-opening-bin";

export const isBinary = (name) => name.endsWith("-bin");

export function addPairs(headers, pairs) {
  for (const pair of pairs) {
    const text = isBinary(pair.name) && !pair.raw ? connect.encodeBinaryHeader(pair.binary) : pair.value;
    headers.append(pair.name, text);
  }
  return headers;
}

// fetch's Headers give all values of a name as one, joined.
export function pick(headers, names) {
  return names.filter((name) => headers.has(name)).flatMap((name) => {
    const text = headers.get(name);
    if (!isBinary(name)) return [{ name, value: text }];
    return text.split(",").map((part) => {
      try {
        return { name, binary: connect.decodeBinaryHeader(part.trim()) };
      } catch {
        return { name, value: part.trim(), raw: true };
      }
    });
  });
}

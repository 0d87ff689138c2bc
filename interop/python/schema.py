"""The schema and what all Python programs share. INTEROP_SCHEMA names the file with its descriptors."""

import argparse
import base64
import json
import os
import pathlib
import sys

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, json_format, message_factory

OPENING = "interop-opening-bin"
SERVICE = "interop.v1.InteropService"


def _load():
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(os.environ["INTEROP_SCHEMA"]).read_bytes())
    for file in files.file:
        pool.Add(file)
    # google.rpc.Status; its details are Anys.
    any_file = descriptor_pb2.FileDescriptorProto()
    any_pb2.DESCRIPTOR.CopyToProto(any_file)
    pool.Add(any_file)
    status = descriptor_pb2.FileDescriptorProto(name="status.proto", package="status", syntax="proto3")
    status.dependency.append(any_file.name)
    message = status.message_type.add(name="Status")
    field = descriptor_pb2.FieldDescriptorProto
    message.field.add(name="code", number=1, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    message.field.add(name="message", number=2, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    message.field.add(
        name="details", number=3, type=field.TYPE_MESSAGE, label=field.LABEL_REPEATED, type_name=".google.protobuf.Any"
    )
    pool.Add(status)
    return lambda name: message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


_message = _load()
CallRequest, CallResponse, Note = (_message(f"interop.v1.{name}") for name in ("CallRequest", "CallResponse", "Note"))
Scenarios, Outcome = (_message(f"interop.v1.{name}") for name in ("Scenarios", "Outcome"))
Status = _message("status.Status")
EXCHANGE, DOWNLOAD, CONVERSE = range(3)


def is_binary(name: str) -> bool:
    return name.endswith("-bin")


def native(pairs) -> list[tuple[str, str | bytes]]:
    """For libraries that encode binary values themselves."""
    return [(pair.name, pair.binary if is_binary(pair.name) and not pair.raw else pair.value) for pair in pairs]


def texts(pairs) -> list[tuple[str, str]]:
    """For libraries whose metadata is text."""
    return [(name, encode(value) if isinstance(value, bytes) else value) for name, value in native(pairs)]


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    text = text.strip().rstrip("=")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def pick_native(to, values_of, names) -> None:
    """Appends pairs to a field: for each of the names what `values_of` gives, texts or bytes."""
    for name in names:
        for value in values_of(name):
            if isinstance(value, bytes):
                to.add(name=name, binary=value)
            else:
                to.add(name=name, value=value)


def pick_texts(to, values_of, names) -> None:
    for name in names:
        for value in values_of(name):
            if not is_binary(name):
                to.add(name=name, value=value)
                continue
            for part in value.split(","):
                try:
                    to.add(name=name, binary=decode(part))
                except ValueError:
                    to.add(name=name, value=part.strip(), raw=True)


def reply_names(request) -> list[str]:
    pairs = [*request.headers, *request.failure.metadata, *request.trailers]
    return list(dict.fromkeys(pair.name.lower() for pair in pairs))


def with_text(response, text: str):
    return CallResponse(text=text, observed=response.observed, timeout_ms=response.timeout_ms)


def details_of(request, response) -> list:
    """The failure's details, the response as the last of them."""
    packed = []
    for message in [*request.failure.details, response]:
        packed.append(any_pb2.Any(type_url=f"type.googleapis.com/{message.DESCRIPTOR.full_name}"))
        packed[-1].value = message.SerializeToString()
    return packed


def status_of(request, response) -> bytes:
    status = Status(code=request.failure.code, message=request.failure.message)
    for detail in details_of(request, response):
        status.details.add(type_url=detail.type_url, value=detail.value)
    return status.SerializeToString()


def add_detail(outcome, name: str, value: bytes) -> None:
    if name == "interop.v1.Note":
        outcome.details.append(Note.FromString(value))
    elif name == "interop.v1.CallResponse":
        outcome.response.CopyFrom(CallResponse.FromString(value))


def add_details(outcome, status: bytes) -> None:
    for detail in Status.FromString(status).details:
        add_detail(outcome, detail.type_url.rsplit("/", 1)[-1], detail.value)


def add_message(outcome, response) -> None:
    if not outcome.texts:
        outcome.response.CopyFrom(response)
    outcome.texts.append(response.text)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    for name in ("url", "protocol", "codec", "http", "ca", "scenarios", "cert", "key"):
        parser.add_argument(f"--{name}", default="")
    for name in ("gzip", "get", "blocking"):
        parser.add_argument(f"--{name}", action="store_true")
    return parser.parse_args()


def read_scenarios(path: str) -> list:
    return json_format.Parse(pathlib.Path(path).read_text(encoding="utf-8"), Scenarios()).scenarios


def print_outcome(outcome) -> None:
    print(json.dumps(json_format.MessageToDict(outcome)), flush=True)


def timeout_of(scenario) -> float | None:
    """In seconds."""
    return None if scenario.timeout_ms < 0 else (scenario.timeout_ms or 20000) / 1000


def complain(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def say_where(plain: int, secure: int) -> None:
    print(f"http://127.0.0.1:{plain} https://127.0.0.1:{secure}")
    sys.stdout.flush()

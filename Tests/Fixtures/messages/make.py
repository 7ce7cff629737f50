#!/usr/bin/env python3
"""Writes messages.txt: random messages as Python's protobuf encodes them, one `type hex` a line.

Needs protoc and `pip install protobuf`. Run from anywhere; the same seed gives the same file.
"""
import os
import pathlib
import random
import struct
import subprocess
import tempfile

# The implementation in C leaves map entries unsorted even when asked to sort them.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory  # noqa: F401
from google.protobuf.descriptor import FieldDescriptor as F

HERE = pathlib.Path(__file__).parent
PROTO = HERE.parents[2] / "proto"
FILES = ["apus/testing/torture.proto", "apus/v1/inference.proto"]
TYPES = [
    "apus.testing.Scalars", "apus.testing.Maps", "apus.testing.Choice", "apus.testing.Tree",
    "apus.testing.Keywords", "apus.testing.Old", "apus.testing.Sparse", "apus.testing.Outer",
    "apus.testing.String", "apus.v1.PredictRequest", "apus.v1.PredictResponse",
    "apus.v1.StreamPredictRequest", "apus.v1.StreamPredictResponse", "apus.v1.ModelInfo",
]  # fmt: skip
EACH = 24
random_ = random.Random(20260)

with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "set.pb"
    subprocess.run(
        ["protoc", f"-I{PROTO}", "--include_imports", "-o", path, *FILES], check=True)
    files = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes())
pool = descriptor_pool.DescriptorPool()
for file in files.file:
    pool.Add(file)


def integer(low, high):
    """Mostly edges and small numbers, as varints care for them."""
    choice = random_.random()
    if choice < 0.2:
        return random_.choice([low, high, 0, 1, max(low, -1)])
    if choice < 0.6:
        return random_.randint(max(low, -300), 300)
    return random_.randint(low, high)


def text():
    letters = "abcXYZ 09_\0é√😀\n"
    return "".join(random_.choice(letters) for _ in range(random_.choice([0, 1, 3, 15, 16, 40])))


def scalar(field):
    kind = field.type
    if kind in (F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32):
        return integer(-(2**31), 2**31 - 1)
    if kind in (F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64):
        return integer(-(2**63), 2**63 - 1)
    if kind in (F.TYPE_UINT32, F.TYPE_FIXED32):
        return integer(0, 2**32 - 1)
    if kind in (F.TYPE_UINT64, F.TYPE_FIXED64):
        return integer(0, 2**64 - 1)
    if kind == F.TYPE_FLOAT:
        value = random_.choice([0.0, -0.0, 1.5, float("inf"), random_.gauss(0, 1e6)])
        return struct.unpack("f", struct.pack("f", value))[0]
    if kind == F.TYPE_DOUBLE:
        return random_.choice([0.0, -0.0, 1.5, float("-inf"), random_.gauss(0, 1e200)])
    if kind == F.TYPE_BOOL:
        return random_.random() < 0.5
    if kind == F.TYPE_STRING:
        return text()
    if kind == F.TYPE_BYTES:
        return random_.randbytes(random_.choice([0, 1, 5, 100]))
    if kind == F.TYPE_ENUM:
        values = [value.number for value in field.enum_type.values]
        closed = field.enum_type.file.name.endswith("torture2.proto")
        return random_.choice(values if closed else values + [77, -77])
    raise ValueError(field.full_name)


def fill(message, depth):
    for field in message.DESCRIPTOR.fields:
        entry = field.message_type and field.message_type.GetOptions().map_entry
        required = field.is_required
        is_message = field.message_type is not None and not entry
        if not required and random_.random() < 0.35:
            continue
        if (is_message or entry) and not required and depth == 0:
            continue
        if entry:
            key, value = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
            for _ in range(random_.randint(0, 4)):
                name = scalar(key)
                if key.type == F.TYPE_STRING:
                    name = "".join(c for c in name if c.isascii())
                if value.message_type is not None:
                    fill(getattr(message, field.name)[name], depth - 1)
                else:
                    getattr(message, field.name)[name] = scalar(value)
        elif field.is_repeated:
            for _ in range(random_.choice([0, 1, 2, 5, 20 if not is_message else 3])):
                if is_message:
                    fill(getattr(message, field.name).add(), depth - 1)
                else:
                    getattr(message, field.name).append(scalar(field))
        elif is_message:
            getattr(message, field.name).SetInParent()
            fill(getattr(message, field.name), depth - 1)
        else:
            setattr(message, field.name, scalar(field))


lines = []
for name in TYPES:
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    for round_ in range(EACH):
        message = kind()
        if round_ > 0 or name == "apus.testing.Old":
            fill(message, random_.randint(0, 3))
        data = message.SerializeToString(deterministic=True)
        if len(data) <= 6000:
            lines.append(f"{name} {data.hex()}\n")
(HERE / "messages.txt").write_text("".join(lines))
print(f"{len(lines)} messages")

"""Messages of MongoDB's wire protocol from nothing but its documents, and a client without a driver, for record-wire.py.

Documents: "MongoDB Wire Protocol", "MongoDB Legacy Opcodes" of the manual; the driver specifications for OP_MSG and
OP_COMPRESSED.
"""
import socket
import struct
import zlib

import bson
import cramjam
import zstandard

REPLY, UPDATE, INSERT, QUERY, GET_MORE, DELETE, KILL_CURSORS = 1, 2001, 2002, 2004, 2005, 2006, 2007
COMMAND, COMMAND_REPLY, COMPRESSED, MSG = 2010, 2011, 2012, 2013
CHECKSUM, MORE_TO_COME, EXHAUST_ALLOWED = 1, 2, 1 << 16
COMPRESSORS = {"noop": 0, "snappy": 1, "zlib": 2, "zstd": 3}


def message(opcode, body, request, response_to=0):
    return struct.pack("<iiii", 16 + len(body), request, response_to, opcode) + body


def cstring(text):
    return text.encode() + b"\0"


def sequence(name, documents):
    body = cstring(name) + b"".join(bson.encode(one) for one in documents)
    return b"\x01" + struct.pack("<i", 4 + len(body)) + body


def msg(request, document, flags=0, response_to=0, before=(), after=()):
    """OP_MSG; sequences (name, documents) before and after the body."""
    body = struct.pack("<I", flags) + b"".join(sequence(*one) for one in before)
    body += b"\0" + bson.encode(document) + b"".join(sequence(*one) for one in after)
    if not flags & CHECKSUM:
        return message(MSG, body, request, response_to)
    whole = message(MSG, body + bytes(4), request, response_to)
    return whole[:-4] + struct.pack("<I", crc32c(whole[:-4]))


def query(request, namespace, document, flags=0, skip=0, number=-1, fields=None):
    body = struct.pack("<i", flags) + cstring(namespace) + struct.pack("<ii", skip, number) + bson.encode(document)
    return message(QUERY, body + (bson.encode(fields) if fields is not None else b""), request)


def reply(request, response_to, documents, cursor=0, start=0, flags=0):
    head = struct.pack("<iqii", flags, cursor, start, len(documents))
    return message(REPLY, head + b"".join(bson.encode(one) for one in documents), request, response_to)


def insert(request, namespace, documents, flags=0):
    body = struct.pack("<i", flags) + cstring(namespace) + b"".join(bson.encode(one) for one in documents)
    return message(INSERT, body, request)


def update(request, namespace, selector, change, flags=0):
    body = struct.pack("<i", 0) + cstring(namespace) + struct.pack("<i", flags)
    return message(UPDATE, body + bson.encode(selector) + bson.encode(change), request)


def delete(request, namespace, selector, flags=0):
    body = struct.pack("<i", 0) + cstring(namespace) + struct.pack("<i", flags)
    return message(DELETE, body + bson.encode(selector), request)


def get_more(request, namespace, cursor, number=0):
    return message(GET_MORE, struct.pack("<i", 0) + cstring(namespace) + struct.pack("<iq", number, cursor), request)


def kill_cursors(request, cursors):
    return message(KILL_CURSORS, struct.pack(f"<ii{len(cursors)}q", 0, len(cursors), *cursors), request)


def compress(data, name):
    """The body of a message as OP_COMPRESSED has it: snappy is its raw form, without frames."""
    if name == "snappy":
        return bytes(cramjam.snappy.compress_raw(data))
    return {"noop": lambda: data, "zlib": lambda: zlib.compress(data), "zstd": lambda: zstandard.compress(data)}[name]()


def decompress(data, number, size):
    if number == 1:
        return bytes(cramjam.snappy.decompress_raw(data))
    if number == 3:
        return zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    return zlib.decompress(data) if number == 2 else data


def compressed(whole, name):
    """A whole message, wrapped."""
    _, request, response_to, opcode = struct.unpack("<iiii", whole[:16])
    head = struct.pack("<iiB", opcode, len(whole) - 16, COMPRESSORS[name])
    return message(COMPRESSED, head + compress(whole[16:], name), request, response_to)


def plain(whole):
    """A whole message, unwrapped; and its compressor or None."""
    _, request, response_to, opcode = struct.unpack("<iiii", whole[:16])
    if opcode != COMPRESSED:
        return whole, None
    opcode, size, number = struct.unpack("<iiB", whole[16:25])
    return message(opcode, decompress(whole[25:], number, size), request, response_to), number


def body_document(whole):
    """The document of kind 0 of an OP_MSG, or the first one of OP_QUERY or OP_REPLY; and where it begins."""
    opcode = struct.unpack("<i", whole[12:16])[0]
    if opcode == QUERY:
        at = whole.index(b"\0", 20) + 9
    elif opcode == REPLY:
        at = 36
    else:
        at = 20
        while whole[at] != 0:
            at += 1 + struct.unpack("<i", whole[at + 1 : at + 5])[0]
        at += 1
    size = struct.unpack("<i", whole[at : at + 4])[0]
    return bson.decode(whole[at : at + size]), at


def with_document(whole, change):
    """The message with its first document changed."""
    document, at = body_document(whole)
    size = struct.unpack("<i", whole[at : at + 4])[0]
    change(document)
    whole = whole[:at] + bson.encode(document) + whole[at + size :]
    return struct.pack("<i", len(whole)) + whole[4:]


def crc32c(data):
    """Castagnoli's polynomial, bit by bit (RFC 3720, appendix B.4)."""
    value = 0xFFFFFFFF
    for one in data:
        value ^= one
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


def receive(connection):
    """The next whole message, or nothing at the end."""
    data = b""
    while len(data) < 4 or len(data) < struct.unpack("<i", data[:4])[0]:
        wanted = 4 if len(data) < 4 else struct.unpack("<i", data[:4])[0]
        piece = connection.recv(wanted - len(data))
        if not piece:
            return b""
        data += piece
    return data


class Client:
    """One connection, one message after the other."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = 0

    def next(self):
        self.requests += 1
        return self.requests

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        return receive(self.socket)

    def ask(self, document, flags=0, before=(), after=(), compressor=None, check=True):
        """Sends a command in OP_MSG; its answer's document."""
        whole = msg(self.next(), document, flags, before=before, after=after)
        self.send(compressed(whole, compressor) if compressor else whole)
        if flags & MORE_TO_COME:
            return None
        answer = body_document(plain(self.receive())[0])[0]
        assert not check or answer.get("ok"), answer
        return answer

    def hello(self, **more):
        return self.ask({"hello": 1, "client": METADATA, **more, "$db": "admin"})

    def close(self):
        self.socket.close()


METADATA = {
    "application": {"name": "recorder"},
    "driver": {"name": "wire_client.py", "version": "1.0"},
    "os": {"type": "Linux"},
}

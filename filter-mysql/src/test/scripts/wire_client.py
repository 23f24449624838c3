"""A client of the MySQL protocol that says exactly what it is told, for recordings. Knows log-ins and packets, no results."""

import hashlib
import os
import select
import socket
import struct

LONG_PASSWORD, FOUND_ROWS, LONG_FLAG, WITH_DB, COMPRESS, LOCAL_FILES = 1, 2, 4, 8, 0x20, 0x80
PROTOCOL_41, SSL, TRANSACTIONS, SECURE = 0x200, 0x800, 0x2000, 0x8000
MULTI_STATEMENTS, MULTI_RESULTS, PS_MULTI_RESULTS, PLUGIN_AUTH = 1 << 16, 1 << 17, 1 << 18, 1 << 19
CONNECT_ATTRS, LENENC_AUTH, SESSION_TRACK, DEPRECATE_EOF = 1 << 20, 1 << 21, 1 << 23, 1 << 24
OPTIONAL_METADATA, ZSTD, QUERY_ATTRIBUTES = 1 << 25, 1 << 26, 1 << 27
M_PROGRESS, M_BULK, M_EXTENDED, M_CACHE_METADATA, M_UNIT_RESULTS = 1 << 32, 1 << 34, 1 << 35, 1 << 36, 1 << 37

BASE = LONG_FLAG | PROTOCOL_41 | TRANSACTIONS | SECURE | MULTI_RESULTS | PS_MULTI_RESULTS | PLUGIN_AUTH | LENENC_AUTH

(QUIT, INIT_DB, QUERY, FIELD_LIST, STATISTICS, PROCESS_INFO, KILL, DEBUG, PING, CHANGE_USER) = (
    1, 2, 3, 4, 9, 10, 12, 13, 14, 17)  # fmt: skip
REGISTER_SLAVE, PREPARE, EXECUTE, LONG_DATA, CLOSE, RESET, SET_OPTION, FETCH, RESET_CONNECTION, BULK = (
    0x15, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1F, 0xFA)  # fmt: skip

LONGLONG, STRING, NULL_TYPE, DOUBLE, BLOB = 8, 254, 6, 5, 252


def lenenc(value):
    if isinstance(value, bytes):
        return lenenc(len(value)) + value
    if value < 251:
        return bytes([value])
    if value < 1 << 16:
        return b"\xfc" + struct.pack("<H", value)
    if value < 1 << 24:
        return b"\xfd" + struct.pack("<I", value)[:3]
    return b"\xfe" + struct.pack("<Q", value)


def packet(sequence, payload):
    return struct.pack("<I", len(payload))[:3] + bytes([sequence & 0xFF]) + payload


def packets(data):
    """Payloads of whole packets."""
    found = []
    while data:
        length = int.from_bytes(data[:3], "little")
        found.append(data[4 : 4 + length])
        data = data[4 + length :]
    return found


def sha1(*parts):
    return hashlib.sha1(b"".join(parts)).digest()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def scramble(plugin, password, salt):
    if not password:
        return b""
    password = password.encode()
    if plugin == "mysql_native_password":
        one = sha1(password)
        return xor(one, sha1(salt, sha1(one)))
    one = sha256(password)
    return xor(one, sha256(sha256(one), salt))


def parameters(values, names=None, always_types=True):
    """The tail of COM_STMT_EXECUTE: null bitmap, flag, types, values; int, str, None, or LONG for what was sent before."""
    if not values:
        return b""
    bitmap = bytearray((len(values) + 7) // 8)
    types, data = b"", b""
    for i, value in enumerate(values):
        if value is None:
            bitmap[i // 8] |= 1 << i % 8
            types += bytes([NULL_TYPE, 0])
        elif value is LONG:
            types += bytes([BLOB, 0])
        elif isinstance(value, int):
            types += bytes([LONGLONG, 0])
            data += struct.pack("<q", value)
        else:
            types += bytes([STRING, 0])
            data += lenenc(value.encode())
        if names is not None:
            types += lenenc(names[i].encode())
    return bytes(bitmap) + (b"\x01" + types if always_types else b"\x00") + data


LONG = object()


class Client:
    """One connection; every method waits until the server is silent, unless it says otherwise."""

    def __init__(self, port, quiet=0.06):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.quiet, self.patience = quiet, 3.0
        self.answer = b""

    def drain(self, quiet=None):
        """What the server says until it is silent."""
        self.answer = b""
        patience = self.patience
        while select.select([self.socket], [], [], patience)[0]:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                break
            if not data:
                break
            self.answer += data
            patience = self.quiet if quiet is None else quiet
        return self.answer

    def raw(self, data, wait=True):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return b""  # the server has closed
        return self.drain() if wait else b""

    def command(self, code, payload=b"", wait=True):
        if isinstance(payload, str):
            payload = payload.encode()
        return self.raw(packet(0, bytes([code]) + payload), wait)

    def query(self, text, wait=True):
        return self.command(QUERY, text, wait)

    def prepare(self, text):
        return struct.unpack("<I", self.command(PREPARE, text)[5:9])[0]

    def execute(self, statement, values=(), flags=0, always_types=True, wait=True):
        head = struct.pack("<IBI", statement, flags, 1)
        return self.command(EXECUTE, head + parameters(values, None, always_types), wait)

    def greeting(self):
        first = self.drain()[4:]
        if first[:1] != b"\x0a":
            return None
        end = first.index(b"\0", 1)
        self.version = first[1:end].decode()
        rest = first[end + 1 :]
        self.salt = rest[4:12] + rest[31:43]
        self.plugin = rest[44 : rest.index(b"\0", 44)].decode()
        return self.version

    def reply(self, user, password, caps=BASE, database=None, attributes=None, plugin=None, sequence=1, zstd=None,
              auth=None):
        """Handshake response of protocol 4.1, and what follows until the log-in is over."""
        self.password = password
        plugin = self.plugin if plugin is None else plugin
        auth = scramble(plugin, password, self.salt) if auth is None else auth
        if database is not None:
            caps |= WITH_DB
        if attributes:
            caps |= CONNECT_ATTRS
        body = struct.pack("<IIB", caps & 0xFFFFFFFF, 1 << 24, 45) + bytes(19) + struct.pack("<I", caps >> 32)
        body += user.encode() + b"\0" + lenenc(auth)
        body += database.encode() + b"\0" if database is not None else b""
        body += plugin.encode() + b"\0" if caps & PLUGIN_AUTH else b""
        if attributes:
            body += lenenc(b"".join(lenenc(k.encode()) + lenenc(v.encode()) for k, v in attributes.items()))
        body += bytes([zstd]) if zstd is not None else b""
        self.raw(packet(sequence, body))
        return self.authenticate()

    def authenticate(self):
        """Answers what the server asks for until it says OK or ERR."""
        while self.answer:
            sequence, kind = self.answer[3], self.answer[4]
            body = self.answer[5 : 4 + int.from_bytes(self.answer[:3], "little")]
            if kind == 0xFE and body:
                name, _, salt = body.partition(b"\0")
                self.salt = salt[:20]
                self.raw(packet(sequence + 1, scramble(name.decode(), self.password, self.salt)))
            elif kind == 1 and body == b"\x04":
                self.raw(packet(sequence + 1, b"\x02"))
            elif kind == 1 and body.startswith(b"-----BEGIN"):
                self.raw(packet(sequence + 1, self._sealed(body)))
            else:
                return self.answer
        return b""

    def _sealed(self, pem):
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding

        text = self.password.encode() + b"\0"
        mixed = xor(text, (self.salt * (len(text) // len(self.salt) + 1))[: len(text)])
        oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        return serialization.load_pem_public_key(pem).encrypt(mixed, oaep)

    def login(self, user="root", password="", caps=BASE, database="test", **more):
        self.greeting()
        self.reply(user, password, caps, database, **more)
        return self

    def close(self):
        self.socket.close()

#!/usr/bin/env python3
"""Writes what is expected of the sniffer (E: and O: lines, see WireScript in the testkit) into recorded conversations.

    expect-wire.py [--check] FILE…

It is a second decoder, made from the documents of the protocol and not from the sniffer: whole messages, all in memory.
Expectations come from here, so a difference is a mistake of the sniffer or of this file; the documents and the recorded bytes
decide. A file's E: and O: lines are replaced; with --check they are only compared, exit code 1 if they differ.

Standard library only. Frames of zstd are inflated by the program zstd, which has to be installed for those recordings.

Documents: "Client/Server Protocol" of the MySQL source documentation, "Clients & Utilities: MariaDB Server protocol" of
MariaDB's. Where they are silent, what is expected is:
* Warnings are those of the packet that ends a result, summed over the results of an answer; of a PREPARE, those of its first
  packet. The EOF after definitions has a count of its own in MySQL, which the last packet counts again.
* Where the server tracks no schema, it follows every USE that was carried out, also the later ones of a query. After the
  default schema was dropped nothing is asserted.
* Statements of a transaction are those between the one that began it and the one that ended it; the statement that begins
  one by itself (autocommit = 0) counts, and so does one that ends it without COMMIT, ROLLBACK, BEGIN or START TRANSACTION.
* A field that cannot be written in a line (it has a blank) is left out; "-" stands for absent.
"""
import re
import subprocess
import sys
import zlib

WITH_DB, COMPRESS, PROTOCOL_41, TLS, TRANSACTIONS, SECURE = 1 << 3, 1 << 5, 1 << 9, 1 << 11, 1 << 13, 1 << 15
PLUGIN_AUTH, ATTRIBUTES, LENENC_AUTH, SESSION_TRACK, NO_EOF = 1 << 19, 1 << 20, 1 << 21, 1 << 23, 1 << 24
OPTIONAL_METADATA, ZSTD, QUERY_ATTRIBUTES, CACHE_METADATA = 1 << 25, 1 << 26, 1 << 27, 1 << 36

IN_TRANSACTION, MORE_RESULTS, NO_GOOD_INDEX, NO_INDEX, CURSOR, WAS_SLOW, STATE_CHANGED = 1, 8, 0x10, 0x20, 0x40, 0x800, 0x4000

COMMANDS = dict(
    enumerate(
        "SLEEP QUIT INIT_DB QUERY FIELD_LIST CREATE_DB DROP_DB REFRESH SHUTDOWN STATISTICS PROCESS_INFO CONNECT PROCESS_KILL DEBUG "
        "PING TIME DELAYED_INSERT CHANGE_USER BINLOG_DUMP TABLE_DUMP CONNECT_OUT REGISTER_SLAVE STMT_PREPARE STMT_EXECUTE "
        "STMT_SEND_LONG_DATA STMT_CLOSE STMT_RESET SET_OPTION STMT_FETCH DAEMON BINLOG_DUMP_GTID RESET_CONNECTION CLONE "
        "SUBSCRIBE_GROUP_REPLICATION_STREAM".split()
    )
)
COMMANDS[0xFA] = "STMT_BULK_EXECUTE"
NO_REPLY = ("COM_QUIT", "COM_STMT_CLOSE", "COM_STMT_SEND_LONG_DATA")
STATEMENTS = ("COM_QUERY", "COM_STMT_EXECUTE", "COM_STMT_BULK_EXECUTE")
UNKNOWN = "not known"  # has a blank, so that nothing is asserted
LAST_PREPARED = 0xFFFFFFFF  # MariaDB: the statement that was prepared last

# In an expectation: "-" where they are absent.
ASSERTED_OTHER = "error rows rows_sent rows_affected warnings"
ASSERTED_FETCH = ASSERTED_OTHER + " no_index in_transaction"
ASSERTED_STATEMENT = ASSERTED_OTHER + " no_index no_good_index was_slow in_transaction transaction batch prepared trace"


class Stop(Exception):
    """The sniffer is to stop here; its text is the outcome."""


class Reader:
    """Reads the fields of one payload."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def left(self):
        return len(self.data) - self.at

    def bytes(self, count):
        if self.left() < count:
            raise ValueError(f"{count} bytes wanted, {self.left()} left")
        self.at += count
        return self.data[self.at - count : self.at]

    def int(self, count):
        return int.from_bytes(self.bytes(count), "little")

    def lenenc(self):
        first = self.int(1)
        if first < 0xFB:
            return first
        return self.int({0xFC: 2, 0xFD: 3, 0xFE: 8}[first])

    def lenenc_bytes(self):
        return self.bytes(self.lenenc())

    def zero(self):
        """Bytes up to a NUL, or all that is left."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            return self.bytes(self.left())
        found = self.bytes(end - self.at)
        self.at += 1
        return found


class Stream:
    """One direction: bytes in, payloads out."""

    def __init__(self):
        self.buffer, self.frames, self.inflate = b"", b"", None

    def compress(self, inflate):
        """All bytes that come now are in compressed frames."""
        self.buffer, self.frames, self.inflate = b"", self.buffer, inflate

    def add(self, data):
        if self.inflate:
            self.frames += data
        else:
            self.buffer += data

    def next(self):
        """Sequence id, payload, bytes on the wire; or None if it is not complete."""
        while self.inflate and len(self.frames) >= 7:
            packed, raw = int.from_bytes(self.frames[:3], "little"), int.from_bytes(self.frames[4:7], "little")
            if len(self.frames) < 7 + packed:
                break
            body, self.frames = self.frames[7 : 7 + packed], self.frames[7 + packed :]
            if raw:
                body = self.inflate(body)
                assert len(body) == raw, f"{len(body)} inflated bytes, {raw} announced"
            self.buffer += body
        payload, at, sequence = b"", 0, None
        while True:
            if len(self.buffer) < at + 4:
                return None
            length = int.from_bytes(self.buffer[at : at + 3], "little")
            if len(self.buffer) < at + 4 + length:
                return None
            sequence = self.buffer[at + 3] if sequence is None else sequence
            payload += self.buffer[at + 4 : at + 4 + length]
            at += 4 + length
            if length < 0xFFFFFF:
                self.buffer = self.buffer[at:]
                return sequence, payload, at


def unzstd(data):
    return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout


class Command:
    """A command, or the connection phase, and what its answer said."""

    def __init__(self, name, session, nanos, queued):
        self.name, self.nanos, self.queued = name, nanos, queued
        self.request_bytes = self.response_bytes = 0
        self.text = self.statement = self.answer = self.status = None
        self.flags = self.warnings = self.statuses = self.sent = self.affected = self.results = 0
        self.has_sent = self.has_affected = self.infile = self.done = False
        self.compressed = session.compressed
        self.fields = {"user": session.user, "app": session.app, "namespace": session.namespace}


def is_error(payload):
    return payload[:1] == b"\xff"


def without_comments(text):
    """The statement from its first word on."""
    while True:
        text = text.lstrip()
        if text.startswith("/*"):
            text = text[text.find("*/") + 2 :] if "*/" in text else ""
        elif text.startswith("#") or re.match(r"--(\s|$)", text):
            text = text.partition("\n")[2]
        else:
            return text


def transaction_word(text):
    """commit, rollback or begin if the statement is one of these; a ROLLBACK TO SAVEPOINT is none."""
    words = re.findall(r"\w+", without_comments(text).upper())[:3]
    if words[:1] == ["COMMIT"]:
        return "commit"
    if words[:1] == ["ROLLBACK"] and "TO" not in words[1:]:
        return "rollback"
    if words[:1] == ["BEGIN"] and words[1:2] != ["NOT"] or words[:2] == ["START", "TRANSACTION"]:
        return "begin"
    return None


def schema_after(text, schema):
    """The default schema after one statement."""
    pattern = r"(USE|DROP\s+(?:DATABASE|SCHEMA)(?:\s+IF\s+EXISTS)?)\s+(?:`((?:[^`]|``)+)`|([^\s;`]+))"
    found = re.match(pattern, without_comments(text), re.IGNORECASE)
    if not found:
        return schema
    name = found[2].replace("``", "`") if found[2] else found[3]
    if found[1].upper() == "USE":
        return name
    return UNKNOWN if name == schema else schema


def statements(text):
    """The single statements of a query; the body of a routine is not cut."""
    if re.match(r"CREATE\b.*\bBEGIN\b", without_comments(text), re.IGNORECASE | re.DOTALL):
        return [text]
    token = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|/\*.*?\*/|(?:--\s|#)[^\n]*|[^;]"
    return [part for part in re.findall(f"(?:{token})+", text, re.DOTALL) if without_comments(part)]


def trace_of(traceparent):
    found = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", traceparent)
    return found and found[1]


class Conversation:
    """Both directions of one connection."""

    def __init__(self):
        self.client, self.server = Stream(), Stream()
        self.phase = "greeting"
        self.user = self.app = self.namespace = self.plugin = self.login = self.last = None
        self.compressed = self.in_transaction = False
        self.caps = self.batch = 0
        self.statements, self.types = {}, {}  # by id: text; types and names of the parameters
        self.open = []  # commands in the order they were sent
        self.lines, self.outcome = [], None
        self.nanos = self.answered = 0

    # ---- bytes

    def feed(self, client, data, nanos):
        if self.outcome:
            return
        self.nanos = nanos
        stream = self.client if client else self.server
        stream.add(data)
        try:
            while (packet := stream.next()) is not None:
                (self.from_client if client else self.from_server)(*packet)
        except Stop as stop:
            self.outcome = str(stop)

    def close(self):
        if self.outcome:
            return
        for command in ([self.login] if self.phase == "auth" else []) + self.open:
            if command.name not in NO_REPLY:
                self.emit(command, "no_reply")

    def from_client(self, sequence, payload, size):
        if self.phase == "greeting":
            raise ValueError("the client spoke first")
        if self.phase == "reply":
            self.handshake_reply(payload, size)
            return
        head = self.login if self.phase == "auth" else self.open[0] if self.open else None
        if head and (self.phase == "auth" or head.infile or (head.name == "COM_CHANGE_USER" and sequence)):
            head.request_bytes += size
            if head.infile and not payload:
                head.infile = False
            return
        if sequence:
            raise Stop("gave_up:sequence")
        self.command(payload, size)

    def from_server(self, _, payload, size):
        if self.phase == "greeting":
            self.greeting(payload, size)
        elif self.phase == "auth":
            self.login.response_bytes += size
            self.login_answer(payload)
        elif self.open:
            command = self.open[0]
            command.response_bytes += size
            if payload[:3] == b"\xff\xff\xff":
                return  # a progress report of MariaDB
            try:
                command.answer.send(payload)
            except StopIteration:
                self.answered = self.nanos
                command.done = True
                self.finish(command)
                self.next_command()
        elif not is_error(payload):
            raise ValueError("an answer to no command")

    def next_command(self):
        """The one answered is done with; those behind it that need no answer take effect."""
        self.open.pop(0)
        while self.open and self.open[0].name in NO_REPLY:
            self.effect(self.open.pop(0))

    # ---- connection phase

    def greeting(self, payload, size):
        self.login = Command("LOGIN", self, self.nanos, False)
        self.login.response_bytes = size
        if is_error(payload):
            self.error(self.login, payload)
            self.emit(self.login)
            self.phase = "reply"
            return
        reader = Reader(payload)
        assert reader.int(1) == 10, "protocol version"
        version = reader.zero().decode()
        reader.bytes(4 + 8 + 1)
        caps = reader.int(2)
        self.login.fields["server_version"] = version[6:] if version.startswith("5.5.5-") else version
        if reader.left():
            reader.bytes(1 + 2)
            caps |= reader.int(2) << 16
            length = reader.int(1)
            reader.bytes(6)
            extended = reader.int(4)
            if not caps & 1:  # MariaDB
                caps |= extended << 32
            reader.bytes(max(13, length - 8))
            if caps & PLUGIN_AUTH:
                self.plugin = reader.zero().decode()
        self.caps, self.phase = caps, "reply"

    def handshake_reply(self, payload, size):
        self.login.request_bytes += size
        self.login.nanos = self.nanos
        caps = int.from_bytes(payload[:2], "little")
        if caps & PROTOCOL_41:
            caps = int.from_bytes(payload[:4], "little")
        if caps & self.caps & TLS and len(payload) in (5, 32):
            raise Stop("encrypted")
        self.phase = "auth"
        if not caps & PROTOCOL_41:
            self.caps &= caps
            reader = Reader(payload[5:])
            self.user = reader.zero().decode()
            if caps & WITH_DB:
                reader.zero()
                self.namespace = reader.zero().decode() or None
            self.logged_in_as({})
            return
        reader = Reader(payload)
        reader.bytes(4 + 4 + 1 + 19)
        extended = reader.int(4)
        if not caps & 1:
            caps |= extended << 32
        self.caps &= caps
        self.user = reader.zero().decode()
        if self.caps & LENENC_AUTH:
            reader.lenenc_bytes()
        elif self.caps & SECURE:
            reader.bytes(reader.int(1))
        else:
            reader.zero()
        if self.caps & WITH_DB and reader.left():
            self.namespace = reader.zero().decode() or None
        if self.caps & PLUGIN_AUTH and reader.left():
            self.plugin = reader.zero().decode() or self.plugin
        self.logged_in_as(self.attributes(reader))

    def attributes(self, reader):
        """Connection attributes, which come last."""
        found = {}
        if self.caps & ATTRIBUTES and reader.left():
            inner = Reader(reader.lenenc_bytes())
            while inner.left():
                name = inner.lenenc_bytes().decode()
                found[name] = inner.lenenc_bytes().decode()
        return found

    def logged_in_as(self, attributes):
        self.app = attributes.get("program_name") or attributes.get("_client_name")
        self.login.fields.update(
            user=self.user, app=self.app, namespace=self.namespace,
            library=" ".join(filter(None, (attributes.get("_client_name"), attributes.get("_client_version")))) or None,
        )  # fmt: skip

    def login_answer(self, payload):
        if is_error(payload):
            self.error(self.login, payload)
            self.login.fields["auth_plugin"] = self.plugin
            self.emit(self.login)
            self.phase = "command"
        elif payload[:1] == b"\0":
            self.ok(self.login, payload)
            self.in_transaction = bool((self.login.status or 0) & IN_TRANSACTION)
            self.login.fields["auth_plugin"] = self.plugin
            self.emit(self.login)
            self.phase = "command"
            self.answered = self.nanos
            if self.caps & (COMPRESS | ZSTD):
                self.compressed = True
                inflate = zlib.decompress if self.caps & COMPRESS else unzstd
                self.client.compress(inflate)
                self.server.compress(inflate)
        elif payload[:1] in (b"\xfe", b"\x02") and len(payload) > 1:
            self.plugin = Reader(payload[1:]).zero().decode()

    # ---- commands

    def command(self, payload, size):
        code = payload[0]
        name = "COM_" + COMMANDS[code] if code in COMMANDS else "_OTHER"
        command = Command(name, self, self.nanos, bool(self.open))
        command.request_bytes = size
        command.payload = payload
        reader = Reader(payload[1:])
        if name == "COM_QUERY":
            if self.caps & QUERY_ATTRIBUTES:
                count, _ = reader.lenenc(), reader.lenenc()
                attributes = self.parameters(reader, count, None) if count else {}
                self.trace(command, attributes)
            command.text = reader.bytes(reader.left()).decode("utf-8", "replace")
            self.trace_in_comment(command)
        elif name == "COM_STMT_PREPARE":
            command.text = reader.bytes(reader.left()).decode("utf-8", "replace")
            self.trace_in_comment(command)
        elif name in ("COM_STMT_EXECUTE", "COM_STMT_BULK_EXECUTE", "COM_STMT_FETCH", "COM_STMT_CLOSE"):
            command.statement = reader.int(4)
            if name == "COM_STMT_EXECUTE":
                command.flags = reader.int(1)
        if name in NO_REPLY:
            self.emit(command, "no_reply")
            if self.open:
                self.open.append(command)
            else:
                self.effect(command)
            return
        command.answer = self.answers(command)
        next(command.answer)
        self.open.append(command)

    def parameters(self, reader, count, statement):
        """The named parameters with their values; types are remembered for the statement."""
        nulls = reader.bytes((count + 7) // 8)
        if reader.int(1):
            types = []
            for _ in range(count):
                kind = reader.int(2) & 0xFF
                types.append((kind, reader.lenenc_bytes().decode() if self.caps & QUERY_ATTRIBUTES else ""))
            self.types[statement] = types
        values = {}
        for i, (kind, name) in enumerate(self.types.get(statement, ())):
            if nulls[i // 8] >> i % 8 & 1 or kind == 6:
                continue
            if kind in (1, 2, 3, 4, 5, 8, 9, 13):
                reader.bytes({1: 1, 2: 2, 13: 2, 3: 4, 9: 4, 4: 4, 5: 8, 8: 8}[kind])
            elif kind in (7, 10, 11, 12):
                reader.bytes(reader.int(1))
            else:
                value = reader.lenenc_bytes()
                if name:
                    values[name] = value.decode("utf-8", "replace")
        return values

    def trace(self, command, attributes):
        if "traceparent" in attributes:
            command.fields["trace"] = trace_of(attributes["traceparent"])

    def trace_in_comment(self, command):
        found = re.search(r"/\*.*?traceparent='([^']*)'.*?\*/", command.text, re.DOTALL)
        if found and not command.fields.get("trace"):
            command.fields["trace"] = trace_of(found[1])

    def before_answer(self, command):
        """What is known once all commands before this one are answered."""
        if command.name not in ("COM_STMT_EXECUTE", "COM_STMT_BULK_EXECUTE"):
            return
        pipelined = command.statement == LAST_PREPARED
        if pipelined:
            command.statement = self.last
        command.text = self.statements.get(command.statement)
        # Behind a COM_STMT_PREPARE that failed it is known what was to be executed.
        if command.text is None and not pipelined:
            command.fields["prepared"] = "unknown"
        if command.name == "COM_STMT_EXECUTE" and command.flags & 8 and self.caps & QUERY_ATTRIBUTES:
            reader = Reader(command.payload[10:])
            count = reader.lenenc()
            self.trace(command, self.parameters(reader, count, command.statement) if count else {})

    def effect(self, command):
        if command.name == "COM_STMT_CLOSE":
            self.statements.pop(self.last if command.statement == LAST_PREPARED else command.statement, None)

    def finish(self, command):
        """The answer is complete: what it changes in the session, and the exchange."""
        fields, failed = command.fields, "error" in command.fields
        fields.update(user=self.user, app=self.app)
        if command.name == "COM_CHANGE_USER":
            self.change_user(command, failed)
        elif command.name == "COM_RESET_CONNECTION" and not failed:
            self.statements, self.types, self.last = {}, {}, None
        elif command.name == "COM_INIT_DB" and not failed:
            self.namespace = command.payload[1:].decode()
        elif command.text and command.name in STATEMENTS:
            for text in statements(command.text)[: command.results]:
                self.namespace = schema_after(text, self.namespace)
        if hasattr(command, "tracked"):
            self.namespace = command.tracked
        fields["namespace"] = self.namespace
        if command.name in STATEMENTS:
            self.transaction(command, failed)
        elif command.status is not None:
            if self.in_transaction and not command.status & IN_TRANSACTION:
                self.batch = 0
            self.in_transaction = bool(command.status & IN_TRANSACTION)
        self.emit(command)

    def transaction(self, command, failed):
        word = transaction_word(command.text or "")
        was = self.in_transaction
        if command.status is not None:
            self.in_transaction = bool(command.status & IN_TRANSACTION)
        ended = was and (not self.in_transaction or (word is not None and not failed))
        if word is None and (was or self.in_transaction):
            self.batch += 1
        if ended:
            command.fields["transaction"] = word if word in ("commit", "rollback") else "implicit"
            command.fields["batch"] = self.batch
            self.batch = 0

    def change_user(self, command, failed):
        reader = Reader(command.payload[1:])
        user = reader.zero().decode()
        if self.caps & SECURE:
            reader.bytes(reader.int(1))
        else:
            reader.zero()
        schema, plugin, attributes = reader.zero().decode() or None, None, None
        if reader.left():
            reader.bytes(2)
            if self.caps & PLUGIN_AUTH:
                plugin = reader.zero().decode()
            attributes = self.attributes(reader)
        plugin = command.fields.get("auth_plugin") or plugin
        if plugin:
            command.fields["auth_plugin"] = plugin
        if failed:
            # Who the exchange belongs to, the old user or the one that was refused, is written nowhere.
            del command.fields["user"], command.fields["app"]
            return
        self.statements, self.types, self.last = {}, {}, None
        self.user, self.namespace = user, schema
        self.app = (attributes or {}).get("program_name") or (attributes or {}).get("_client_name") or self.app
        command.fields.update(user=self.user, app=self.app)

    # ---- answers: each of these takes the packets of one answer

    def answers(self, command):
        payload = yield
        self.before_answer(command)
        name = command.name
        if is_error(payload):
            self.error(command, payload)
            if name == "COM_STMT_PREPARE":
                self.last = None
        elif name in STATEMENTS or name == "COM_PROCESS_INFO":
            yield from self.results(command, payload)
        elif name == "COM_STMT_PREPARE":
            yield from self.prepared(command, payload)
        elif name == "COM_STMT_FETCH":
            command.has_sent = True
            yield from self.rows(command, payload)
        elif name == "COM_FIELD_LIST":
            while payload[0] != 0xFE and not is_error(payload):
                payload = yield
            self.end(command, payload)
        elif name == "COM_CHANGE_USER":
            while payload[0] != 0 and not is_error(payload):
                if payload[0] == 0xFE and len(payload) > 1:
                    command.fields["auth_plugin"] = Reader(payload[1:]).zero().decode()
                payload = yield
            self.end(command, payload)
        elif name in ("COM_BINLOG_DUMP", "COM_BINLOG_DUMP_GTID"):
            if self.is_eof(payload):
                return
            command.fields["wait"] = "true"
            command.fields["response_bytes"] = None
            self.finish(command)
            raise Stop("opaque:replication")
        elif name != "COM_STATISTICS":
            self.end(command, payload)

    def is_eof(self, payload):
        return payload[:1] == b"\xfe" and len(payload) < (0xFFFFFF if self.caps & NO_EOF else 9)

    def end(self, command, payload):
        """One packet that ends an answer: OK, EOF or ERR; its status."""
        if is_error(payload):
            self.error(command, payload)
            return 0
        if payload[0] == 0xFE and not self.caps & NO_EOF:
            return self.eof(command, payload)
        return self.ok(command, payload)

    def results(self, command, payload):
        """Any number of OKs and sets of rows."""
        while True:
            if payload[0] == 0 or is_error(payload):
                status = self.end(command, payload)
            elif payload[0] == 0xFB:
                command.infile = True
                payload = yield
                command.infile = False
                status = self.end(command, payload)
            else:
                status = yield from self.result_set(command, payload)
            if "error" not in command.fields:
                command.results += 1
            if not status & MORE_RESULTS:
                return
            payload = yield

    def result_set(self, command, payload):
        reader = Reader(payload)
        columns, definitions = reader.lenenc(), True
        command.has_sent = True
        if self.caps & (OPTIONAL_METADATA | CACHE_METADATA):
            definitions = reader.int(1) == 1
        assert not reader.left(), "the head of a set of rows has more than a count"
        if definitions:
            for _ in range(columns):
                payload = yield
                if is_error(payload):
                    return self.end(command, payload)
        payload = yield
        if not self.caps & NO_EOF:
            if is_error(payload):
                return self.end(command, payload)
            assert self.is_eof(payload), "no EOF after the definitions"
            before = command.warnings
            status = self.eof(command, payload)
            if status & CURSOR and command.flags & 7:
                return status & ~MORE_RESULTS
            command.warnings = before
            payload = yield
        return (yield from self.rows(command, payload))

    def rows(self, command, payload):
        while not is_error(payload) and not self.is_eof(payload):
            command.sent += 1
            payload = yield
        return self.end(command, payload)

    def prepared(self, command, payload):
        reader = Reader(payload)
        assert reader.int(1) == 0, "no PREPARE_OK"
        statement, columns, parameters = reader.int(4), reader.int(2), reader.int(2)
        reader.bytes(1)
        warnings = reader.int(2)
        definitions = not (self.caps & OPTIONAL_METADATA and reader.left()) or reader.int(1) == 1
        for count in (parameters, columns):
            for _ in range(count if definitions else 0):
                payload = yield
                if is_error(payload):
                    self.end(command, payload)
                    return
            if count and not self.caps & NO_EOF:
                payload = yield
                assert self.is_eof(payload), "no EOF after the definitions"
                self.eof(command, payload)
        command.warnings = warnings
        self.statements[statement] = command.text
        self.types.pop(statement, None)
        self.last = statement

    # ---- packets

    def error(self, command, payload):
        reader = Reader(payload)
        reader.bytes(1)
        command.fields["error"] = reader.int(2)
        command.fields["sqlstate"] = reader.bytes(6)[1:].decode() if payload[3:4] == b"#" else None

    def eof(self, command, payload):
        reader = Reader(payload)
        reader.bytes(1)
        if reader.left() >= 4:
            command.warnings += reader.int(2)
            return self.seen_status(command, reader.int(2))
        return 0

    def ok(self, command, payload):
        """An OK, or the one with 0xFE that stands for an EOF."""
        reader = Reader(payload)
        header = reader.int(1)
        affected, _ = reader.lenenc(), reader.lenenc()
        if header == 0 and command.name in STATEMENTS:
            command.affected += affected
            command.has_affected = True
        if self.caps & PROTOCOL_41:
            status = self.seen_status(command, reader.int(2))
            command.warnings += reader.int(2)
        elif self.caps & TRANSACTIONS:
            status = self.seen_status(command, reader.int(2))
        else:
            return 0
        if self.caps & SESSION_TRACK and reader.left():
            reader.lenenc_bytes()
            if status & STATE_CHANGED:
                self.session_state(command, Reader(reader.lenenc_bytes()))
        return status

    def seen_status(self, command, status):
        command.status = status
        command.statuses |= status
        return status

    def session_state(self, command, reader):
        while reader.left():
            kind, data = reader.int(1), Reader(reader.lenenc_bytes())
            if kind == 1 and command is not self.login:
                command.tracked = data.lenenc_bytes().decode() or None

    # ---- what is expected

    def emit(self, command, status=None):
        fields = command.fields
        line = {"status": status or ("error" if "error" in fields else "ok")}
        for name in ("error", "sqlstate"):
            if name in fields:
                line[name] = fields.pop(name)
        if not status:
            self.counts(command, line)
        if not command.compressed:
            line["request_bytes"] = command.request_bytes
            if "response_bytes" not in fields and (command.response_bytes or status):
                line["response_bytes"] = command.response_bytes or None
        fields.pop("response_bytes", None)
        if not command.queued and command.name != "LOGIN" and command.name not in NO_REPLY and not status:
            line["queue_us"] = 0
        line.update(fields)
        if not status:
            if command.name in STATEMENTS:
                asserted = ASSERTED_STATEMENT
            else:
                asserted = ASSERTED_FETCH if command.name == "COM_STMT_FETCH" else ASSERTED_OTHER
            for name in asserted.split():
                line.setdefault(name, None)
        known = [f"{name}={value}" for name, value in line.items() if value is not None and not re.search(r"\s", str(value))]
        absent = [f"{name}=-" for name, value in line.items() if value is None]
        self.lines.append(f"E: {command.name} | " + " ".join(known + absent))

    def counts(self, command, line):
        if command.has_sent or command.name == "COM_STMT_FETCH":
            line["rows_sent"] = command.sent
        if command.has_affected:
            line["rows_affected"] = command.affected
        if "rows_sent" in line or "rows_affected" in line:
            line["rows"] = line.get("rows_sent", 0) + line.get("rows_affected", 0)
        if command.warnings:
            line["warnings"] = command.warnings
        for name, bit in (("no_index", NO_INDEX), ("no_good_index", NO_GOOD_INDEX), ("was_slow", WAS_SLOW)):
            if command.statuses & bit:
                line[name] = "true"
        if (command.status or 0) & IN_TRANSACTION:
            line["in_transaction"] = "true"


ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}


def unescape(text):
    def byte(found):
        return bytes([int(found[1], 16)]).decode("latin-1") if found[1] else ESCAPES[found[2]].decode()

    return re.sub(r"\\(?:x([0-9a-f]{2})|(.))", byte, text).encode("latin-1")


def expectations(lines):
    conversation, nanos = Conversation(), 0
    for line in lines:
        if line.startswith("+"):
            count, unit = re.fullmatch(r"\+(\d+)(us|ms)", line.strip()).groups()
            nanos += int(count) * (1000 if unit == "us" else 1_000_000)
        elif line.startswith(("C: ", "S: ")):
            conversation.feed(line[0] == "C", unescape(line[3:]), nanos)
    conversation.close()
    return conversation.lines + ([f"O: {conversation.outcome}"] if conversation.outcome else [])


def main(args):
    check = "--check" in args
    files = [arg for arg in args if arg != "--check"]
    if not files or any(file.startswith("-") for file in files):
        sys.exit(__doc__)
    bad = 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        try:
            expected = expectations(lines)
        except (AssertionError, ValueError, KeyError, IndexError, zlib.error, subprocess.SubprocessError) as error:
            print(f"{path}: {type(error).__name__}: {error}")
            bad += 1
            continue
        there = [line for line in lines if line.startswith(("E: ", "O: "))]
        if check:
            for i in range(max(len(there), len(expected))):
                was, now = (part[i] if i < len(part) else "nothing" for part in (there, expected))
                if was != now:
                    print(f"{path}: {i}: {was}\n  expected: {now}")
                    bad += 1
        else:
            kept = [line for line in lines if line and not line.startswith(("E: ", "O: "))]
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(kept + expected) + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

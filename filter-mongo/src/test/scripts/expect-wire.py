#!/usr/bin/env python3
"""Writes what is expected of the sniffer (E: and O: lines, see WireScript in the testkit) into recorded conversations.

    ~/.cache/weir-tools/secantus/bin/python expect-wire.py [--check] FILE…

It is a second decoder, on the bson library of PyMongo, made from the documents of the protocol and from docs/filters/mongo.md, not
from the sniffer: whole messages, all in memory. A difference is a mistake of the sniffer or of this file; the documents and
the recorded bytes decide. A file's E: and O: lines are replaced; with --check they are only compared, exit code 1 if they differ.

Documents: "MongoDB Wire Protocol", "MongoDB Legacy Opcodes", "Database Commands" of the manual; the driver specifications.
"-" stands for absent. A value with a blank in it is in quotes.
"""
import json
import re
import struct
import sys
import zlib

import bson
import cramjam
import wire_client as w
import wire_shape
from backports import zstd
from bson import SON
from bson.codec_options import CodecOptions

LONGEST = 48_000_000 + (1 << 20)
OPTIONS = CodecOptions(document_class=SON, unicode_decode_error_handler="replace")
REQUESTS = {w.MSG, w.COMPRESSED, w.QUERY, w.GET_MORE, w.KILL_CURSORS, w.INSERT, w.UPDATE, w.DELETE, w.COMMAND}
ANSWERS = {w.MSG, w.COMPRESSED, w.REPLY, w.COMMAND_REPLY}
COMPRESSOR_NAMES = {number: name for name, number in w.COMPRESSORS.items()}

ON_COLLECTIONS = set("""
aggregate count distinct find insert update delete findAndModify mapReduce killCursors create drop createIndexes dropIndexes
listIndexes reIndex compact collMod collStats convertToCapped validate planCacheClear createSearchIndexes
""".split())
OTHERS = set("""
getMore bulkWrite hello isMaster ping saslStart saslContinue authenticate getnonce logout createUser updateUser dropUser usersInfo
grantRolesToUser revokeRolesFromUser createRole renameCollection listCollections listDatabases dropDatabase dbStats dataSize
buildInfo serverStatus connectionStatus hostInfo whatsmyuri getParameter setParameter getLog getCmdLineOpts explain profile
currentOp killOp fsync top listCommands startSession endSessions refreshSessions killSessions killAllSessions commitTransaction
abortTransaction replSetGetStatus replSetGetConfig replSetStepDown getLastError
""".split())
SPELLINGS = {"ismaster": "isMaster", "findandmodify": "findAndModify", "buildinfo": "buildInfo", "getlasterror": "getLastError"}
READS = {"find", "aggregate", "count", "distinct"}
WRITES = {"insert": "documents", "update": "updates", "delete": "deletes"}
VERSIONS = {2: "2.6", 3: "3.0", 4: "3.2", 5: "3.4", 6: "3.6", 7: "4.0", 8: "4.2", 9: "4.4", 13: "5.0", 14: "5.1", 17: "6.0", 21: "7.0", 22: "7.1", 24: "7.3", 25: "8.0", 26: "8.1", 27: "8.2"}

ASSERTED = (
    "error rows rows_sent rows_affected batch user app wait trace library server_version code_name write_errors write_concern_error "
    "error_labels message cursor_of read_preference read_concern write_concern no_max_time scatter multi_get call_site internal "
    "in_transaction transaction modified upserted replica_set role compressor namespace target statement by"
).split()


class Stop(Exception):
    """The sniffer is to stop here; its text is the outcome."""


def bad(reason):
    return Stop("gave_up:" + reason)


class Stream:
    """One direction: bytes in, whole messages out, with the times of their first and last bytes."""

    def __init__(self, opcodes):
        self.opcodes, self.data, self.times = opcodes, b"", []

    def add(self, data, nanos):
        self.data += data
        self.times.append((len(data), nanos))

    def take(self, count):
        """Removes bytes; the times of the first and the last one."""
        first, last = self.times[0][1], 0
        self.data = self.data[count:]
        while count:
            there, last = self.times[0]
            used = min(there, count)
            count -= used
            self.times[0] = (there - used, last)
            if used == there:
                self.times.pop(0)
        return first, last

    def next(self):
        if len(self.data) < 16:
            return None
        length, opcode = struct.unpack("<i8xi", self.data[:16])
        if opcode not in self.opcodes:
            raise bad("opcode")
        if not 16 <= length <= LONGEST:
            raise bad("length")
        if len(self.data) < length:
            return None
        whole = self.data[:length]
        return whole, *self.take(length)


class Body:
    """Reads what is behind the head of a message."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def numbers(self, form):
        size = struct.calcsize("<" + form)
        if self.left() < size:
            raise bad("length")
        self.at += size
        return struct.unpack("<" + form, self.data[self.at - size : self.at])

    def left(self):
        return len(self.data) - self.at

    def cstring(self):
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise bad("length")
        found = self.data[self.at : end].decode()
        self.at = end + 1
        return found

    def document(self):
        size = self.numbers("i")[0]
        self.at -= 4
        if not 5 <= size <= self.left():
            raise bad("bson")
        self.at += size
        try:
            return bson.decode(self.data[self.at - size : self.at], OPTIONS)
        except bson.errors.InvalidBSON as error:
            raise bad("bson") from error

    def documents(self):
        found = []
        while self.left():
            found.append(self.document())
        return found


def unwrapped(whole, opcodes):
    """Opcode, body, name of the compressor."""
    opcode = struct.unpack("<i", whole[12:16])[0]
    if opcode != w.COMPRESSED:
        return opcode, whole[16:], None
    body = Body(whole[16:])
    opcode, size, number = body.numbers("iiB")
    data = body.data[body.at :]
    if opcode not in opcodes or opcode == w.COMPRESSED:
        raise bad("opcode")
    if not 0 <= size <= LONGEST:
        raise bad("length")
    if number not in COMPRESSOR_NAMES:
        raise bad("compression")
    try:
        if number == w.COMPRESSORS["snappy"]:
            data = bytes(cramjam.snappy.decompress_raw(data))
        elif number == w.COMPRESSORS["zlib"]:
            data = zlib.decompress(data)
        elif number == w.COMPRESSORS["zstd"]:
            data = zstd.decompress(data)
    except (zlib.error, zstd.ZstdError, cramjam.DecompressionError) as error:
        raise bad("compression") from error
    if len(data) != size:
        raise bad("compression")
    return opcode, data, COMPRESSOR_NAMES[number]


def op_msg(data):
    """Flags, the body's document, sequences by name."""
    body = Body(data)
    flags = body.numbers("I")[0]
    if flags & 0xFFFF & ~(w.CHECKSUM | w.MORE_TO_COME):
        raise bad("flags")
    if flags & w.CHECKSUM:
        body.data = body.data[:-4]
    document, sequences = None, {}
    while body.left():
        kind = body.numbers("B")[0]
        if kind == 0 and document is None:
            document = body.document()
        elif kind == 1:
            size = body.numbers("i")[0] - 4
            if not 1 <= size <= body.left():
                raise bad("section")
            inner = Body(body.data[body.at : body.at + size])
            body.at += size
            name = inner.cstring()
            sequences[name] = sequences.get(name, []) + inner.documents()
        else:
            raise bad("section")
    if document is None:
        raise bad("section")
    return flags, document, sequences


def read(what, data, compressor):
    """What is wrong in a compressed message is its compression, as what comes before damaged bytes may be any bytes."""
    try:
        return what(data)
    except Stop as stop:
        raise bad("compression") if compressor not in (None, "noop") else stop


class Command:
    """A request and what is known of it."""

    def __init__(self, name, start, size):
        self.name, self.sent_at, self.size = name, start, size
        self.database = self.collection = self.statement = self.transaction = None
        self.body, self.sequences = SON(), {}
        self.targets, self.fields = [], {}
        self.legacy = self.stream = self.waits = False
        self.origin = self.cursor = None  # of a getMore: what made its cursor; the cursor's id
        self.answers = 0


def spelled(key):
    key = SPELLINGS.get(key, key)
    return key if key in ON_COLLECTIONS or key in OTHERS else "_OTHER"


def traced(text):
    found = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}", text) if isinstance(text, str) else None
    return found and found[1]


def comment(value):
    """Trace and call site."""
    if traced(value):
        return traced(value), None
    document = value
    if isinstance(value, str) and value.startswith("{"):
        try:
            document = json.loads(value)
        except ValueError:
            pass
    if isinstance(document, dict):
        trace, site = traced(document.get("traceparent")), document.get("callingFunction")
        if not isinstance(site, str):
            site = value if isinstance(value, str) and "traceparent" not in document else None
    else:
        trace, site = None, value if isinstance(value, str) else None
    return trace, wire_shape.cut(site, 64, "") if site else None


def is_true(value):
    return value is not None and bool(value)


class Cursor:
    def __init__(self, command, waits):
        self.command, self.statement, self.waits = command.name, command.statement, waits
        self.targets, self.collection = command.targets, command.collection


class Conversation:
    """Both directions of one connection."""

    def __init__(self):
        self.client, self.server = Stream(REQUESTS), Stream(ANSWERS)
        self.open = {}  # by the id that an answer names; in the order of the requests
        self.cursors, self.transactions = {}, {}
        self.app = self.library = self.user = self.asked_user = None
        self.requests, self.hellos, self.only_hellos = 0, 0, True
        self.lines, self.outcome = [], None

    # ---- bytes

    def feed(self, client, data, nanos):
        if self.outcome:
            return
        stream = self.client if client else self.server
        stream.add(data, nanos)
        try:
            while (message := stream.next()) is not None:
                (self.request if client else self.answer)(*message)
        except Stop as stop:
            # A length may look like TLS, but the opcode behind it does not.
            tls = client and not self.requests and data[:2] == b"\x16\x03"
            self.outcome = "encrypted" if tls else str(stop)

    def close(self):
        for command in list(dict.fromkeys(self.open.values())):
            if not command.answers:
                self.emit(command, {"status": "no_reply"})

    # ---- requests

    def request(self, whole, _, end):
        self.requests += 1
        number = struct.unpack("<i", whole[4:8])[0]
        opcode, data, compressor = unwrapped(whole, REQUESTS)
        silent = opcode in (w.INSERT, w.UPDATE, w.DELETE, w.KILL_CURSORS)
        if opcode == w.MSG:
            flags, body, sequences = read(op_msg, data, compressor)
            command = self.command(body, sequences, end, len(whole))
            silent = bool(flags & w.MORE_TO_COME)
        elif opcode == w.COMMAND:
            command = Command("OP_COMMAND", end, len(whole))
        else:
            command = read(lambda body: self.legacy(opcode, Body(body), end, len(whole)), data, compressor)
        if compressor:
            command.fields["compressor"] = compressor
        if command.name not in ("hello", "isMaster"):
            self.only_hellos = False
        if silent:
            self.emit(command, {"status": "no_reply"})
        else:
            self.open[number] = command

    def command(self, body, sequences, start, size, database=None):
        key = next(iter(body), "")
        name, inner = spelled(key), body
        if name == "explain" and isinstance(body[key], dict) and body[key]:
            inner = body[key]
            key = next(iter(inner))
            name = spelled(key)
        command = Command(name if inner is body else f"explain {name}", start, size)
        command.body, command.sequences = inner, sequences
        command.database = body.get("$db", database)
        value = inner.get("collection") if name == "getMore" else inner[key] if inner and name in ON_COLLECTIONS else None
        if isinstance(value, str) and value and not value.startswith("$"):
            command.collection = value
            command.targets = [value]
        self.shape(command, name)
        self.carried(command, name, body, inner)
        self.special(command, name, inner)
        return command

    def shape(self, command, name):
        body = command.body
        if name == "bulkWrite":
            self.spaces(command, command.sequences.get("nsInfo") or body.get("nsInfo") or ())
        elif command.collection:
            shown = wire_shape.parts(name, body, command.sequences)
            command.statement = wire_shape.statement(command.name, command.collection, shown)
        if name == "aggregate" and command.collection:
            named = wire_shape.targets(body.get("pipeline"))[: wire_shape.MOST_TARGETS]
            command.targets = list(dict.fromkeys(command.targets + named))

    @staticmethod
    def spaces(command, documents):
        """Of bulkWrite: names of collections, without the database where it is the same for all."""
        names = [one["ns"] for one in documents][: wire_shape.MOST_TARGETS]
        databases = {name.partition(".")[0] for name in names}
        if len(databases) == 1:
            command.database = databases.pop()
            names = [name.partition(".")[2] for name in names]
        command.targets = names
        if len(names) == 1:
            command.collection = names[0]
            command.statement = f"bulkWrite {names[0]}"

    def carried(self, command, name, body, inner):
        """Fields of the request."""
        fields = command.fields
        if name in WRITES:
            found = command.sequences.get(WRITES[name], inner.get(WRITES[name]))
            fields["batch"] = len(found) if isinstance(found, list) else None
        elif name == "bulkWrite":
            fields["batch"] = len(command.sequences.get("ops", inner.get("ops")))
        for field, outer, key in (("read_preference", "$readPreference", "mode"), ("read_concern", "readConcern", "level"),
                                  ("write_concern", "writeConcern", "w")):  # fmt: skip
            value = body.get(outer, inner.get(outer))
            fields[field] = value.get(key) if isinstance(value, dict) else None
        if command.name in READS and not is_true(inner.get("maxTimeMS")):
            fields["no_max_time"] = "true"
        selected = inner.get("filter" if name == "find" else "query")
        if command.name == "find":
            self.scatter(fields, selected)
        text = body.get("comment", inner.get("comment"))
        if text is None and isinstance(selected, dict):
            text = selected.get("$comment")
        fields["trace"], fields["call_site"] = comment(text)

    @staticmethod
    def scatter(fields, selected):
        identity = selected.get("_id") if isinstance(selected, dict) else None
        if not isinstance(selected, dict) or "_id" not in selected:
            fields["scatter"] = "true"
        elif isinstance(identity, dict) and "$in" in identity:
            fields["multi_get"] = "true"

    def special(self, command, name, body):
        if name in ("hello", "isMaster"):
            self.hello(command, body)
        if name == "getMore":
            self.more(command, body.get("getMore"))
        if name == "killCursors":
            for cursor in body.get("cursors") or ():
                self.cursors.pop(cursor, None)
        if name == "find":
            command.waits = is_true(body.get("tailable")) and is_true(body.get("awaitData"))
        if name == "aggregate":
            stages = body.get("pipeline")
            command.waits = isinstance(stages, list) and bool(stages) and "$changeStream" in stages[0]
        if body.get("autocommit") is False and "txnNumber" in body:
            key = (bytes(body["lsid"]["id"]), body["txnNumber"])
            if name in ("commitTransaction", "abortTransaction"):
                command.transaction = key
            else:
                since, statements = self.transactions.get(key, (command.sent_at, 0))
                self.transactions[key] = (since, statements + 1)
                command.fields["in_transaction"] = "true"

    def hello(self, command, body):
        self.hellos += 1
        if "maxAwaitTimeMS" in body:
            command.fields["wait"] = "true"
        if self.only_hellos and ("maxAwaitTimeMS" in body or self.hellos > 1):
            command.fields["internal"] = "true"
        mechanisms = body.get("saslSupportedMechs")
        if isinstance(mechanisms, str):
            self.asked_user = mechanisms.split(".", 1)[-1]
        client = body.get("client")
        if isinstance(client, dict):
            application, driver = client.get("application"), client.get("driver")
            if isinstance(application, dict) and application.get("name"):
                self.app = application["name"]
            if isinstance(driver, dict) and driver.get("name"):
                self.library = " ".join([driver["name"]] + ([driver["version"]] if driver.get("version") else []))
            command.fields["library"] = self.library

    def more(self, command, cursor):
        command.cursor = cursor
        command.origin = origin = self.cursors.get(cursor)
        if origin:
            command.statement, command.targets, command.collection = origin.statement, origin.targets, origin.collection
            command.fields["cursor_of"] = origin.command
        if origin.waits if origin else "maxTimeMS" in command.body:
            command.fields["wait"] = "true"

    # ---- requests before OP_MSG

    def legacy(self, opcode, body, start, size):
        if opcode == w.KILL_CURSORS:
            count = body.numbers("ii")[1]
            for cursor in body.numbers(f"{count}q"):
                self.cursors.pop(cursor, None)
            return Command("killCursors", start, size)
        flags = body.numbers("i")[0]
        database, _, collection = body.cstring().partition(".")
        if opcode == w.QUERY:
            body.numbers("ii")
            return self.query(flags, database, collection, body.document(), start, size)
        name = {w.GET_MORE: "getMore", w.INSERT: "insert", w.UPDATE: "update", w.DELETE: "delete"}[opcode]
        command = Command(name, start, size)
        command.legacy, command.database, command.collection, command.targets = True, database, collection, [collection]
        shown = []
        if opcode == w.GET_MORE:
            command.statement = f"getMore {collection}"
            self.more(command, body.numbers("iq")[1])
            return command
        if opcode == w.INSERT:
            command.fields["batch"] = len(body.documents())
        else:
            command.fields["batch"] = 1
            body.numbers("i")
            shown = wire_shape.document(body.document())
            shown += wire_shape.change(body.document()) if opcode == w.UPDATE else []
        command.statement = wire_shape.statement(name, collection, shown)
        return command

    def query(self, flags, database, collection, document, start, size):
        first = next(iter(document), "")
        wrapped = first in ("$query", "query") and isinstance(document[first], dict)
        inner = document[first] if wrapped else document
        if collection == "$cmd":
            command = self.command(inner, {}, start, size, database)
            command.legacy = True
            return command
        command = Command("find", start, size)
        command.legacy, command.database, command.collection, command.targets = True, database, collection, [collection]
        modifiers = document if wrapped else {}
        if is_true(modifiers.get("$explain")):
            command.name = "explain find"
        shown = []
        for key, value in modifiers.items() if wrapped else ((None, document),):
            shown += wire_shape.sort(value) if key in ("$orderby", "orderby") else wire_shape.document(value) if key in (None, first) else []
        command.statement = wire_shape.statement(command.name, collection, shown)
        command.waits = flags & (1 << 1) and flags & (1 << 5)
        command.stream = bool(flags & 1 << 6)
        preference = modifiers.get("$readPreference")
        command.fields["read_preference"] = preference.get("mode") if isinstance(preference, dict) else None
        if command.name == "find":
            self.scatter(command.fields, inner)
            if not is_true(modifiers.get("$maxTimeMS")):
                command.fields["no_max_time"] = "true"
        text = modifiers.get("$comment", inner.get("$comment"))
        command.fields["trace"], command.fields["call_site"] = comment(text)
        return command

    # ---- answers

    def answer(self, whole, first, end):
        number, asked = struct.unpack("<ii", whole[4:12])
        opcode, data, compressor = unwrapped(whole, ANSWERS)
        found = None
        if opcode == w.MSG:
            flags, document, _ = read(op_msg, data, compressor)
            more = bool(flags & w.MORE_TO_COME)
        elif opcode == w.REPLY:
            body = Body(data)
            found = body.numbers("iqii")
            documents = body.documents()
            document = documents[0] if documents else SON()
            more = bool(found[1])
        else:
            document, more = None, False
        command = self.open.get(asked)
        if not command:
            return
        self.open = {key: one for key, one in self.open.items() if one is not command}
        if opcode != w.REPLY or command.stream:
            if more:
                self.open[asked] = self.open[number] = command
        line = {"status": "ok", "response_bytes": len(whole)}
        line["first_byte_us"] = (first - command.sent_at) // 1000
        line["duration_us"] = (end - command.sent_at) // 1000
        if found and command.legacy and command.name in ("find", "getMore", "explain find"):
            self.reply(command, found, document, line)
        elif document is not None:
            self.result(command, document, line, end)
        self.emit(command, line)
        command.answers += 1
        command.sent_at = end

    def reply(self, command, found, document, line):
        flags, cursor, _, count = found
        if flags & 1:
            line.update(status="error", error="43", code_name="CursorNotFound")
        elif flags & 2:
            line.update(status="error", error=str(document.get("code", "unknown")))
        else:
            line.update(rows=count, rows_sent=count)
        self.cursor(command, cursor)

    def cursor(self, command, number):
        if command.origin:
            if not number:
                self.cursors.pop(command.cursor, None)
        elif number:
            self.cursors[number] = Cursor(command, command.waits)

    def result(self, command, document, line, end):
        self.status(command, document, line)
        if document.get("ok", 1) == 1:
            self.counts(command, document, line)
        name = command.name
        if name in ("hello", "isMaster") and document.get("ok") == 1:
            self.introduced(command, document, line)
        logged_in = document.get("speculativeAuthenticate") if name in ("hello", "isMaster") else document
        if name in ("hello", "isMaster", "saslStart", "saslContinue") and isinstance(logged_in, dict) and logged_in.get("done") is True:
            self.user = self.asked_user
        # An abort ends it whatever the server says: it has ended by itself then.
        if command.transaction in self.transactions and (line["status"] == "ok" or name == "abortTransaction"):
            since, statements = self.transactions.pop(command.transaction)
            line["transaction"] = "commit" if name == "commitTransaction" else "abort"
            line.update(batch=statements, transaction_us=(end - since) // 1000)

    @staticmethod
    def status(command, document, line):
        errors, concern = document.get("writeErrors"), document.get("writeConcernError")
        error = None
        if document.get("ok", 1) != 1:
            error = document
        elif errors:
            error = errors[0]
        elif command.name == "bulkWrite" and document.get("nErrors"):
            error = next((one for one in document["cursor"]["firstBatch"] if one.get("ok") != 1), {})
        elif concern:
            error = concern
        if error is not None:
            code = error.get("code", "unknown")
            line.update(status="error", error=str(int(code) if isinstance(code, float) else code))
            line["code_name"] = error.get("codeName") if error is document or error is concern else None
        if errors:
            line["write_errors"] = len(errors)
        elif document.get("nErrors"):
            line["write_errors"] = document["nErrors"]
        if concern:
            line["write_concern_error"] = concern.get("code")
        labels = document.get("errorLabels")
        line["error_labels"] = ",".join(labels) if labels else None

    def counts(self, command, document, line):
        sent = affected = None
        cursor = document.get("cursor")
        if command.name == "bulkWrite":
            affected = sum(document.get(key, 0) for key in ("nInserted", "nMatched", "nDeleted", "nUpserted"))
            line["upserted"] = document.get("nUpserted") or None
        elif command.name in WRITES:
            affected = document.get("n")
            line["upserted"] = len(document.get("upserted") or ()) or None
        elif command.name == "findAndModify":
            affected = (document.get("lastErrorObject") or {}).get("n")
        elif command.name == "distinct":
            sent = len(document.get("values", ()))
        if isinstance(cursor, dict) and command.name != "bulkWrite":
            batch = cursor.get("firstBatch", cursor.get("nextBatch"))
            sent = len(batch) if isinstance(batch, list) else None
        if isinstance(cursor, dict):
            self.cursor(command, cursor.get("id"))
        line["modified"] = document.get("nModified")
        line.update(rows_sent=sent, rows_affected=affected)
        line["rows"] = None if sent is None and affected is None else (sent or 0) + (affected or 0)

    def introduced(self, command, document, line):
        line["replica_set"] = document.get("setName")
        if document.get("msg") == "isdbgrid":
            role = "mongos"
        elif is_true(document.get("isWritablePrimary", document.get("ismaster"))):
            role = "primary" if document.get("setName") else "standalone"
        else:
            role = "secondary" if is_true(document.get("secondary")) else "arbiter" if is_true(document.get("arbiterOnly")) else "other"
        line["role"] = role
        if isinstance(command.body.get("client"), dict):
            line["server_version"] = VERSIONS.get(document.get("maxWireVersion"), f"wire version {document.get('maxWireVersion')}")

    # ---- what is expected

    def emit(self, command, line):
        line = {**{key: value for key, value in command.fields.items() if value is not None}, **line}
        line.update(namespace=command.database, target=", ".join(command.targets) or None, statement=command.statement)
        line.update(app=self.app, user=self.user)
        name = command.name
        if command.collection and command.database:
            of = command.origin.command if command.origin else name
            line["summary"] = f"{of} {command.database}.{command.collection}"
        if command.answers:
            for key in ("batch", "no_max_time", "scatter", "multi_get"):
                line.pop(key, None)
            line.update(request_bytes=None, wait="true")
            if name not in ("hello", "isMaster"):
                line.setdefault("cursor_of", name)
                name = "getMore"
        else:
            line["request_bytes"] = command.size
        for key in ASSERTED + (["response_bytes", "duration_us"] if line["status"] == "no_reply" else []):
            line.setdefault(key, None)
        known = [f"{key}={quoted(str(value))}" for key, value in line.items() if value is not None]
        absent = [f"{key}=-" for key, value in line.items() if value is None]
        self.lines.append(f"E: {name} | " + " ".join(known + absent))


ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


def quoted(text):
    for letter, character in (("\\", "\\"), ("r", "\r"), ("n", "\n"), ("t", "\t")):
        text = text.replace(character, "\\" + letter)
    text = text.replace('"', "\\x22")
    return f'"{text}"' if " " in text or not text else text


def unescape(text):
    return re.sub(r"\\(?:x([0-9a-f]{2})|(.))", lambda found: chr(int(found[1], 16)) if found[1] else ESCAPES[found[2]], text).encode("latin-1")


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
    failed = 0
    for path in files:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        expected = expectations(lines)
        there = [line for line in lines if line.startswith(("E: ", "O: "))]
        if check:
            for i in range(max(len(there), len(expected))):
                was, now = (part[i] if i < len(part) else "nothing" for part in (there, expected))
                if was != now:
                    print(f"{path}: {i}: {was}\n  expected: {now}")
                    failed += 1
        else:
            kept = [line for line in lines if line and not line.startswith(("E: ", "O: "))]
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(kept + expected) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

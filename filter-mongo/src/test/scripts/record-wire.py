#!/usr/bin/env python3
"""Records conversations of real drivers with real servers for src/test/resources/wire (see WireScript in the testkit).

    ~/.cache/weir-tools/secantus/bin/python record-wire.py FOLDER [NAME…]

Needs SecantusDB and PyMongo (testbeds/install-servers.sh); the Java driver and mongo-java-server come from Maven's local
repository. Each server is started for this, behind a relay that writes down. Writes FOLDER/NAME.txt, without expectations:
expect-wire.py writes those. Lines of expectations (E: and O:) that a file has are kept.

Scenarios: scenarios_pymongo.py, scenarios_more.py (admin, monitoring, compression, the Java driver), scenarios_raw.py (bytes made by hand).
"""
import os
import shutil
import struct
import subprocess
import sys

import bson
import pymongo
import wire_bed
import wire_relay

for module in ("scenarios_pymongo", "scenarios_more", "scenarios_raw"):
    __import__(module)

MOST_TEXT = 40_000
CLIENTS = {"pymongo": "PyMongo " + pymongo.version, "java": "mongodb-driver-sync 5.14.0", "raw": "wire_client.py"}


def escape(data):
    special = {13: "\\r", 10: "\\n", 9: "\\t", 92: "\\\\"}
    return "".join(special.get(b) or (chr(b) if 32 <= b < 127 else "\\x%02x" % b) for b in data)


def recorded(server, pick, plan, function):
    """The bursts of the connection that is wanted."""
    bridge = wire_relay.Bridge(server.port, plan) if plan else None
    relay = wire_relay.Relay(bridge.port if bridge else server.port)
    bed = wire_bed.Bed(server, relay.port)
    try:
        bed.clean()
        function(bed)
    finally:
        relay.close()
        if bridge:
            bridge.close()
    kinds = [connection.kind() for connection in relay.connections]
    found = [one for one, kind in zip(relay.connections, kinds) if kind == pick and one.bursts]
    assert found, f"no connection of kind {pick}: {kinds}"
    return found[0].bursts


def write(path, name, bursts, version):
    text, _, client = wire_bed.SCENARIOS[name][:3]
    kept = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as old:
            kept = [line.rstrip("\n") for line in old if line.startswith(("E: ", "O: "))]
    lines = ["# " + text]
    lines += ["# client: " + CLIENTS[client]] if client else []
    lines += ["server: " + version]
    for micros, who, data in bursts:
        lines += [f"+{micros}us", f"{who}: {escape(data)}"]
    out = "\n".join(lines + kept) + "\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(out)
    note = "" if len(out) <= MOST_TEXT else f"  LONGER THAN {MOST_TEXT}"
    print(f"{name}: {len(bursts)} bursts, {len(out)} characters{note}", flush=True)


def record(kind, names, folder):
    server, made = wire_bed.started(kind) if kind != "none" else (None, None)
    failed = 0
    try:
        for name in names:
            _, _, _, pick, plan, function = wire_bed.SCENARIOS[name]
            try:
                if server:
                    bursts = recorded(server, pick, plan, function)
                else:
                    bursts = function().bursts
                version = server.version if server else "none, made from the specification"
                write(os.path.join(folder, name + ".txt"), name, bursts, version)
            except (AssertionError, OSError, subprocess.SubprocessError, struct.error, bson.errors.BSONError, pymongo.errors.PyMongoError) as error:  # fmt: skip
                failed += 1
                print(f"{name}: FAILED: {type(error).__name__}: {error}"[:600], flush=True)
    finally:
        if server:
            server.stop()
            shutil.rmtree(made, ignore_errors=True)
    return failed


def main(args):
    names = args[1:] or list(wire_bed.SCENARIOS)
    if not args or not set(names) <= set(wire_bed.SCENARIOS):
        sys.exit(__doc__ + "\n" + " ".join(wire_bed.SCENARIOS))
    os.makedirs(args[0], exist_ok=True)
    failed = 0
    for kind in ("none", *wire_bed.SERVERS):
        of_kind = [name for name in names if wire_bed.SCENARIOS[name][1] == kind]
        failed += record(kind, of_kind, args[0]) if of_kind else 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

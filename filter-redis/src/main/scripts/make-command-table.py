#!/usr/bin/env python3
"""Makes src/main/resources/dev/weir/redis/commands.tsv from the COMMAND output of real servers.

    make-command-table.py HOST:PORT… > ../resources/dev/weir/redis/commands.tsv

Give the newest Redis first, then the newest Valkey, then older ones, then Sentinels (redis-server --sentinel): the
first server that knows a command decides. Commands of modules and of servers that cannot be installed here come
from commands-supplement.tsv, by hand; a real server wins over them.
"""
import os
import sys

from resp import Client

# Positions that COMMAND calls unknown; CommandKeys knows how SORT finds its STORE.
BY_HAND = {"SORT": "1:0,1,0:RO;STORE@2:0,1,0:OW"}
FLAGS = {"readonly": "r", "write": "w", "blocking": "b", "no_multi": "m", "pubsub": "p", "admin": "a",
         "no_auth": "n", "noscript": "s", "fast": "f"}
NOT_COMMANDS = {"POST", "HOST:"}  # traps of the server for HTTP speakers


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def spec(flat):
    s = pairs(flat)
    begin, find = pairs(s["begin_search"]), pairs(s["find_keys"])
    b, f = pairs(begin["spec"]), pairs(find["spec"])
    if begin["type"] == "index":
        text = str(b["index"])
    elif begin["type"] == "keyword":
        text = "%s@%d" % (b["keyword"].upper(), b["startfrom"])
    else:
        return None
    if find["type"] == "range":
        text += ":%d,%d,%d" % (f["lastkey"], f["keystep"], f["limit"])
    elif find["type"] == "keynum":
        text += ":#%d,%d,%d" % (f["keynumidx"], f["firstkey"], f["keystep"])
    else:
        return None
    flags = [x.upper() for x in s["flags"]]
    access = next((x for x in ("RO", "RW", "OW", "RM") if x in flags), "RO")
    return text + ":" + access + ("!" if "NOT_KEY" in flags else "")


def keys(command):
    if len(command) > 8 and command[8]:
        return ";".join(x for x in (spec(s) for s in command[8]) if x)
    first, last, step = command[3:6]
    if first == 0:
        return ""
    return "%d:%d,%d,0:%s" % (first, last - first if last >= 0 else last, step,
                              "RO" if "readonly" in command[2] else "RW")


def collect(table, command, parent):
    name = command[0].upper().replace("|", " ")
    if parent and not name.startswith(parent + " "):
        name = parent + " " + name
    subcommands = command[9] if len(command) > 9 else []
    if name not in table and name not in NOT_COMMANDS:
        flags = "".join(sorted(letter for flag, letter in FLAGS.items() if flag in command[2]))
        table[name] = (str(command[1]), flags or "-", BY_HAND.get(name) or keys(command) or "-")
    for sub in subcommands:
        collect(table, sub, name)


def main(addresses):
    table = {}
    versions = []
    for address in addresses:
        client = Client(address)
        info = dict(line.split(":", 1) for line in client("INFO", "server").splitlines() if ":" in line)
        valkey = info.get("valkey_version")
        versions.append(("Valkey " + valkey if valkey else "Redis " + info["redis_version"])
                        + (" (Sentinel)" if info.get("redis_mode") == "sentinel" else ""))
        for command in client("COMMAND"):
            collect(table, command, None)
    supplement = os.path.join(os.path.dirname(os.path.abspath(__file__)), "commands-supplement.tsv")
    with open(supplement) as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                name, *rest = line.rstrip("\n").split("\t")
                table.setdefault(name, tuple(rest))
    print("# Made by src/main/scripts/make-command-table.py from: %s; and commands-supplement.tsv." % ", ".join(versions))
    print("# name, arity, flags (%s)," % ", ".join("%s %s" % (v, k) for k, v in FLAGS.items()))
    print("# keys: BEGIN:FIND:ACCESS;…  BEGIN is an index or KEYWORD@FROM; FIND is LAST,STEP,LIMIT (a range, as in COMMAND")
    print("# INFO) or #NUMBER_AT,FIRST,STEP (a count of keys); ! marks what looks like a key but is none.")
    for name in sorted(table):
        print("\t".join((name,) + table[name]))


if __name__ == "__main__":
    main(sys.argv[1:])

"""Bytes made by hand: shapes for the digest, opcodes before OP_MSG, what is malformed. A real server answers where it can."""
import struct
import uuid

import bson
import wire_client as w
from bson import SON, Code, DBRef, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from scenarios_pymongo import TRACEPARENT, orders
from wire_bed import SCENARIOS, Script, scenario

HELLO = {"hello": 1, "helloOk": True, "client": w.METADATA, "$db": "admin"}
HELLO_ANSWER = {"isWritablePrimary": True, "setName": "rs", "me": "a:27017", "hosts": ["a:27017"], "maxWireVersion": 21, "minWireVersion": 0, "ok": 1.0}


# ---- shapes


def asked(bed, *commands):
    orders(bed.aside())
    client = w.Client(bed.port)
    client.hello()
    for command in commands:
        client.ask({**command, "$db": "shop"}, check=False)
    client.close()


def find(filter, **more):
    return {"find": "orders", "filter": filter, **more}


@scenario("shapes of filters: operators, values of all types, arrays, nested documents", client="raw")
def shape_filters(bed):
    values = [1, Int64(2), 3.5, "x", None, True, ObjectId(), b"bytes", uuid.UUID(int=7), Regex("^a"), Code("f"), Code("f", {"a": 1}),
              Decimal128("1.5"), Timestamp(1, 2), MinKey(), MaxKey(), DBRef("c", 1), [], [1, 2], {}, {"a": 1}, {"a": {"$b": 1}}]  # fmt: skip
    filters = [
        {f"f{i}": value if not isinstance(value, uuid.UUID) else bson.Binary.from_uuid(value) for i, value in enumerate(values)},
        {"a": {"$in": [1, 2, 3]}, "b": {"$nin": []}, "c": {"$in": [1, "x", {"d": 1}, {"$e": 1}, [1, [2]]]}},
        {"$or": [{"a": 1}, {"a": 2}, {"b": {"$gt": 1}}, {"b": {"$gt": 2}}, {"a": 3}]},
        {"$and": [{"$or": [{"a": 1}, {"b": 1}]}, {"$or": [{"a": 7}, {"b": 8}]}, {"$nor": [{"c": {"$exists": True}}]}]},
        {"a": {"$eq": {"b": 1}}, "c": {"$eq": {"$d": 1}}, "e": {"$ne": {"f": 1}}, "g": {"$all": [{"$elemMatch": {"h": 1}}, 5]}},
        {"a": {"$elemMatch": {"b": 1, "c": {"$lt": 5}}}, "d": {"$elemMatch": {"$gte": 1, "$lt": 5}}, "e": {"$not": {"$regex": "^x", "$options": "i"}}},
        {"place": {"$geoWithin": {"$geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}}, "n": {"$near": {"$geometry": {"type": "Point"}, "$maxDistance": 5}}},
        {"$expr": {"$and": [{"$gt": ["$a", 5]}, {"$in": ["$b", [1, 2]]}, {"$eq": [{"$year": "$at"}, {"$literal": {"$x": 1}}]}]}},
        {"$text": {"$search": "coffee", "$language": "en"}, "$comment": {"$not": "shown"}, "a": {"$mod": [4, 0], "$type": ["string", "int"], "$size": 2}},
        {"a": {"$gte": 1, "plain": {"b": 1}}, "b": {"plain": 1, "$gte": 1}, "c": {"$const": {"$d": 1}, "$bitsAllSet": [1, 5]}},
        {"$where": "this.a == 1", "$jsonSchema": {"required": ["a"], "properties": {"a": {"bsonType": "int"}}}},
    ]
    asked(bed, *(find(one) for one in filters))


@scenario("shapes: names with numbers and ids in them, empty names, names beyond ASCII, long ones", client="raw")
def shape_names(bed):
    number = "507f1f77bcf86cd799439011"
    filters = [
        {"items.0.price": 1, "items.12": 2, "3": 3, f"by.{number}.n": 4, f"{number}": 5, f"x{number}": 6, f"{number}f": 7},
        {"by.123e4567-e89b-12d3-a456-426614174000.n": 1, "123E4567-E89B-12D3-A456-426614174000": 2, "123e4567-e89b-12d3-a456-42661417400": 3},
        {f"{number.upper()}": 1, "a.0": 2, "0.a": 3, "a..b": 4, "a.": 5, ".5": 6, "1e5": 7, "-1": 8, "٣": 9, "": 10},
        {"größe": 1, "🚀.0": 2, "a b": 3, 'quo"te': 4, "back\\slash": 5, "{brace}": 6, "new\nline": 7, "$": 8},
        {"n" * 300: 1, "b": {"$gt": {"c" * 250: 1}}, "d": 2},
        {"a": {"$size": 1, f"${number}": 2, "$0": 3}},
    ]
    asked(bed, *(find(one) for one in filters), {"distinct": "orders", "key": f"by.{number}.0", "query": {}}, find({}, sort={"items.0": -1, f"{number}": 1}))


@scenario("shapes: sort in all forms, before and behind the filter; without a filter", client="raw")
def shape_sorts(bed):
    asked(
        bed,
        find({"a": 1}, sort={"a": 1, "b": -1, "c": 1.0, "d": Int64(-1)}),
        find({"a": 1}, sort={"score": {"$meta": "textScore"}, "a": 2, "b": "asc", "c": {"plain": 1}, "d": True}),
        {"find": "orders", "sort": {"a": 1}, "filter": {"b": 1}},
        {"find": "orders", "sort": {"a": 1}},
        {"find": "orders"},
        find({}, sort={}),
        find({"a": 1}, projection={"b": 1}, hint={"a": 1}, collation={"locale": "de"}, skip=2, limit=3, let={"x": 1}),
        {"aggregate": "orders", "pipeline": [{"$sort": {"a": -1, "b": {"$meta": "textScore"}}}], "cursor": {}},
        {"update": "orders", "updates": [{"q": {}, "u": {"$push": {"a": {"$each": [], "$sort": {"b": -1}}, "c": {"$each": [1], "$sort": -1}}}}]},
        {"findAndModify": "orders", "sort": {"a": -1}, "query": {"b": 1}, "update": {"$set": {"c": 1}}, "fields": {"d": 1}},
    )


@scenario("shapes of updates: operators, replacements, pipelines, array filters, only the first statement", client="raw")
def shape_updates(bed):
    def update(*statements, **more):
        return {"update": "orders", "updates": [{"q": q, "u": u, **more} for q, u in statements]}

    asked(
        bed,
        update(({"_id": 1}, {"$set": {"a": 1, "b.0.c": {"d": 1}, "e": {"$f": 1}}, "$unset": {"g": ""}}), ({"other": 1}, {"$inc": {"n": 1}})),
        update(({"_id": 1}, {"a": 1, "b": {"$c": 1}})),
        update(({"_id": 1}, {})),
        update(({"_id": 1}, [{"$set": {"a": {"$add": ["$b", 1]}}}, {"$unset": ["c", "d"]}, {"$replaceWith": {"$mergeObjects": [{"x": 1}, "$$ROOT"]}}])),
        update(({"_id": 1}, {"$push": {"a": {"$each": [{"b": 1}, {"b": 2}, {"c": 1}], "$position": 0}}, "$pull": {"d": {"$in": [1]}, "e": {"f": 1}}})),
        update(({"a": 1}, {"$set": {"t.$[x].u": 1}, "$setOnInsert": {"v": 1}}), multi=True, upsert=True, arrayFilters=[{"x.a": 1}]),
        {"update": "orders", "updates": [{"u": {"$set": {"a": 1}}, "q": {"b": 1}}]},
        {"delete": "orders", "deletes": [{"limit": 1, "q": {"a": {"$lt": 5}}}, {"q": {"b": 1}, "limit": 0}]},
        {"findAndModify": "orders", "query": {"a": 1}, "remove": True, "sort": {"b": 1}},
        {"findAndModify": "orders", "query": {"a": 1}, "remove": False, "update": {"b": 1}, "upsert": True, "new": True},
        {"findAndModify": "orders", "query": {"a": 1}, "update": [{"$set": {"b": 1}}], "arrayFilters": []},
        {"insert": "orders", "documents": [{"_id": 71, "secret": "never shown"}, {"_id": 72}], "ordered": False},
    )


@scenario("shapes of pipelines: every stage that names a collection, facets, windows, expressions", client="raw")
def shape_pipelines(bed):
    def pipeline(*stages, **more):
        return {"aggregate": "orders", "pipeline": list(stages), "cursor": {}, **more}

    same = {"$match": {"a": 1}}
    asked(
        bed,
        pipeline(same, same, {"$match": {"a": 2}}, {"$skip": 1}, {"$limit": 5}),
        pipeline({"$lookup": SON([("from", "customers"), ("as", "c"), ("localField", "a"), ("foreignField", "b")])}),
        pipeline({"$lookup": {"from": "x.y", "let": {"a": "$b"}, "pipeline": [same, {"$unionWith": "deep"}], "as": "c"}}, {"$unionWith": {"pipeline": [same], "coll": "late"}}),
        pipeline({"$lookup": {"from": {"db": "other", "coll": "far"}, "as": "c", "localField": "a", "foreignField": "b"}}),
        pipeline({"$graphLookup": {"from": "tree", "startWith": "$a", "restrictSearchWithMatch": {"b": 1}, "as": "p", "connectFromField": "a", "connectToField": "b"}}),
        pipeline({"$facet": {"one": [same, {"$count": "n"}], "two": [{"$lookup": {"from": "inner", "as": "i"}}], "0": []}}),
        pipeline({"$out": "made"}),
        pipeline({"$out": {"db": "shop", "coll": "made"}}),
        pipeline({"$merge": {"into": {"db": "shop", "coll": "merged"}, "on": ["_id"], "whenMatched": [{"$set": {"a": 1}}], "whenNotMatched": "insert"}}),
        pipeline({"$merge": {"into": "orders"}}),
        pipeline({"$group": {"_id": {"a": "$a", "y": {"$year": "$b"}}, "n": {"$sum": {"$multiply": ["$a", 2]}}, "m": {"$first": "$$ROOT"}}}),
        pipeline({"$setWindowFields": {"partitionBy": "$a", "sortBy": {"b": 1}, "output": {"c": {"$sum": "$d", "window": {"documents": ["unbounded", 0]}}}}}),
        pipeline({"$bucket": {"groupBy": "$a", "boundaries": [0, 5, 10], "default": "other"}}, {"$project": {"a": 1, "b": {"$switch": {"branches": [{"case": {"$gt": ["$a", 1]}, "then": 1}], "default": 0}}}}),
        pipeline({"$lookup": {"from": "c0", "as": "x"}}, *({"$unionWith": f"c{i % 3}"} for i in range(6)), {"$unionWith": "orders"}),
        pipeline(*({"$unionWith": f"n{i}"} for i in range(12))),
        {"aggregate": "orders", "pipeline": [], "cursor": {}},
        {"aggregate": 1, "pipeline": [{"$currentOp": {}}], "cursor": {}},
        {"count": "orders", "query": {"a": {"$gt": 1}, "b": 1}, "limit": 5},
        {"distinct": "orders", "query": {"a": 1}, "key": "b.0"},
        {"mapReduce": "orders", "map": Code("m"), "reduce": Code("r"), "out": {"inline": 1}, "query": {"a": 1}},
    )


@scenario("shapes that are long or deep: cut at 1,024 bytes and 24 levels", client="raw")
def shape_limits(bed):
    deep = {"a": 1}
    for _ in range(30):
        deep = {"$and": [deep]}
    turned = {"b": 1}
    for _ in range(23):
        turned = {"$not": turned}
    edge = {"b": 1}
    for _ in range(22):
        edge = {"$not": edge}
    asked(
        bed,
        find({f"field_{i}": {"$gt": i} for i in range(80)}),
        find({f"größe_{i}é": i for i in range(100)}),
        find(deep),
        find({"x": turned, "y": 2}),
        find({"x": edge, "y": 2}),
        find({"$or": [{f"f{i}": 1} for i in range(150)]}, sort={"a": 1}),
        find({"a" * 200: 1, "b" * 200: 2, "c" * 200: 3, "d" * 200: 4, "e" * 200: 5, "f": {"$in": [1]}}),
    )


# ---- before OP_MSG: no server of today answers these


@scenario("OP_QUERY on a collection, OP_GET_MORE, OP_KILL_CURSORS", "none", None)
def legacy_query():
    documents = [{"_id": i, "a": i} for i in range(6)]
    script = Script().client(w.query(1, "admin.$cmd", {"isMaster": 1, "client": w.METADATA}))
    script.server(w.reply(101, 1, [{"ismaster": True, "maxWireVersion": 2, "ok": 1.0}]))
    script.client(w.query(2, "shop.orders", {"a": {"$gte": 0}}, number=2)).server(w.reply(102, 2, documents[:2], 77))
    script.client(w.get_more(3, "shop.orders", 77, 2)).server(w.reply(103, 3, documents[2:4], 77, 2))
    script.client(w.get_more(4, "shop.orders", 77, 2)).server(w.reply(104, 4, documents[4:], 0, 4))
    script.client(w.query(5, "shop.orders", {"_id": 1}, number=-1, fields={"a": 1})).server(w.reply(105, 5, documents[1:2]))
    script.client(w.query(6, "shop.sub.things", {"_id": {"$in": [1, 2]}})).server(w.reply(106, 6, documents[1:3], 78))
    script.client(w.kill_cursors(7, [78, 79]))
    script.client(w.query(8, "shop.$cmd", {"count": "orders", "query": {"a": 1}})).server(w.reply(108, 8, [{"n": 1.0, "ok": 1.0}]))
    return script.client(w.get_more(9, "shop.orders", 999)).server(w.reply(109, 9, [], flags=1))


@scenario("OP_QUERY with modifiers: the filter in $query, with sort, comment, maximum time; explained", "none", None)
def legacy_modifiers():
    script = Script()
    wrapped = [
        SON([("$query", {"a": 1}), ("$orderby", {"b": -1})]),
        SON([("query", {"a": {"$gt": 1}}), ("orderby", {"b": 1})]),
        SON([("$query", {"_id": 5}), ("$comment", "report"), ("$maxTimeMS", 100)]),
        SON([("$query", {"_id": {"$in": [5]}}), ("$readPreference", {"mode": "secondary"})]),
        SON([("$query", {"a": 1}), ("$explain", True)]),
        SON([("$query", {}), ("$hint", {"a": 1}), ("$comment", TRACEPARENT)]),
        SON([("query", 5), ("b", 1)]),
    ]
    for number, document in enumerate(wrapped, 1):
        script.client(w.query(number, "shop.orders", document)).server(w.reply(100 + number, number, [{"_id": 5}]))
    return script


@scenario("OP_INSERT, OP_UPDATE, OP_DELETE: nobody answers them; getLastError asks", "none", None)
def legacy_writes():
    script = Script()
    last_error = {"getLastError": 1, "w": 1}
    script.client(w.insert(1, "shop.orders", [{"_id": i} for i in range(3)]), w.query(2, "shop.$cmd", last_error))
    script.server(w.reply(101, 2, [{"n": 0, "err": None, "ok": 1.0}]))
    script.client(w.update(3, "shop.orders", {"_id": 1}, {"$set": {"a": 1}}, 3)).client(w.query(4, "shop.$cmd", {"getlasterror": 1}))
    script.server(w.reply(102, 4, [{"n": 1, "updatedExisting": True, "err": None, "ok": 1.0}]))
    script.client(w.update(5, "shop.orders", {"a": {"$gt": 2}}, {"replaced": 1}), w.delete(6, "shop.orders", {"_id": {"$lt": 2}}, 1))
    script.client(w.insert(7, "shop.orders", [{"_id": 1}], 1), w.query(8, "shop.$cmd", last_error))
    return script.server(w.reply(103, 8, [{"n": 0, "code": 11000, "err": "E11000 duplicate key", "ok": 1.0}]))


@scenario("OP_REPLY with errors: a failed query, a failed command, no cursor", "none", None)
def legacy_errors():
    script = Script()
    script.client(w.query(1, "shop.orders", {"$bad": 1})).server(w.reply(101, 1, [{"$err": "unknown operator", "code": 17287}], flags=2))
    script.client(w.query(2, "shop.orders", {"a": 1})).server(w.reply(102, 2, [{"$err": "not master"}], flags=2))
    script.client(w.query(3, "shop.$cmd", {"nonsense": 1})).server(w.reply(103, 3, [{"ok": 0.0, "errmsg": "no such command", "code": 59}]))
    script.client(w.query(4, "shop.$cmd", {"drop": "x"})).server(w.reply(104, 4, [{"ok": 0.0, "errmsg": "ns not found"}]))
    return script.client(w.get_more(5, "shop.orders", 12)).server(w.reply(105, 5, [], flags=1))


@scenario("OP_QUERY with the exhaust flag: a chain of OP_REPLY", "none", None)
def legacy_exhaust():
    script = Script().client(w.query(1, "shop.orders", {"a": 1}, flags=1 << 6, number=2))
    script.server(w.reply(101, 1, [{"_id": 1}, {"_id": 2}], 55)).server(w.reply(102, 101, [{"_id": 3}, {"_id": 4}], 55, 2))
    script.server(w.reply(103, 102, [{"_id": 5}], 0, 4))
    return script.client(w.msg(2, {"ping": 1, "$db": "admin"})).server(w.msg(104, {"ok": 1}, response_to=2))


@scenario("OP_QUERY on a capped collection, tailable and waiting", "none", None)
def legacy_tailable():
    script = Script().client(w.query(1, "shop.log", {}, flags=1 << 1 | 1 << 5)).server(w.reply(101, 1, [{"_id": 1}], 66))
    script.client(w.get_more(2, "shop.log", 66)).server(w.reply(102, 2, [], 66, flags=8), after=1_000_000)
    script.client(w.query(3, "shop.log", {}, flags=1 << 1)).server(w.reply(103, 3, [{"_id": 1}], 67))
    return script.client(w.get_more(4, "shop.log", 67)).server(w.reply(104, 4, [], 67))


@scenario("OP_COMMAND and OP_COMMANDREPLY, which servers of 3.2 and 3.4 spoke with each other", "none", None)
def op_command():
    body = w.cstring("shop") + w.cstring("count") + bson.encode({"count": "orders"}) + bson.encode({})
    script = Script().client(w.message(w.COMMAND, body, 1))
    script.server(w.message(w.COMMAND_REPLY, bson.encode({"n": 1, "ok": 1.0}) + bson.encode({}), 101, 1))
    return script.client(w.msg(2, {"ping": 1, "$db": "admin"})).server(w.msg(102, {"ok": 1.0}, response_to=2))


@scenario("an old driver with compression: OP_QUERY in OP_COMPRESSED", "none", None)
def legacy_compressed():
    script = Script().client(w.compressed(w.query(1, "shop.orders", {"a": 1}), "zlib"))
    script.server(w.compressed(w.reply(101, 1, [{"_id": 1}, {"_id": 2}], 5), "snappy"))
    script.client(w.compressed(w.get_more(2, "shop.orders", 5), "zstd")).server(w.compressed(w.reply(102, 2, [{"_id": 3}]), "noop"))
    return script.client(w.compressed(w.insert(3, "shop.orders", [{"_id": 9}, {"_id": 10}]), "snappy"))


# ---- conversations that no server of ours holds


def opened():
    return Script().client(w.msg(1, HELLO)).server(w.msg(101, HELLO_ANSWER, response_to=1))


def ok(script, number, command, answer=None, flags=0, **more):
    script.client(w.msg(number, {**command, "$db": "shop"}, flags, **more))
    return script.server(w.msg(100 + number, {"ok": 1.0, **(answer or {})}, response_to=number))


@scenario("answers to requests that nobody saw: somebody looks from the middle on", "none", None)
def joined_late():
    script = Script().server(w.msg(500, {"cursor": {"id": 5, "ns": "shop.orders", "nextBatch": [{"_id": 1}]}, "ok": 1.0}, response_to=77))
    cursor = {"id": Int64(5), "ns": "shop.orders", "nextBatch": [{"_id": 2}]}
    ok(script, 2, {"getMore": Int64(5), "collection": "orders"}, {"cursor": cursor})
    script.server(w.msg(501, {"ok": 1.0}, response_to=2))
    cursor = {"id": Int64(6), "ns": "shop.log", "nextBatch": []}
    ok(script, 5, {"getMore": Int64(6), "collection": "log", "maxTimeMS": 1000}, {"cursor": cursor})
    return ok(script, 3, {"ping": 1})


@scenario("three requests in flight; the connection ends before two answers", "none", None)
def ends_open():
    script = opened().client(*(w.msg(i, {"find": "orders", "filter": {"_id": i}, "$db": "shop"}) for i in (2, 3, 4)))
    return script.server(w.msg(103, {"cursor": {"id": 0, "ns": "shop.orders", "firstBatch": []}, "ok": 1.0}, response_to=3))


@scenario("the connection ends in a request, and in an answer", "none", None)
def ends_cut():
    script = opened().client(w.msg(2, {"ping": 1, "$db": "admin"}))
    script.client(w.msg(3, {"find": "orders", "filter": {"a": "x" * 50}, "$db": "shop"})[:-20])
    return script.server(w.msg(102, {"ok": 1.0, "text": "y" * 50}, response_to=2)[:-20])


@scenario("kinds of members: what hello says", "none", None)
def roles():
    script = Script()
    answers = [
        {"isWritablePrimary": True, "setName": "rs"}, {"ismaster": True, "setName": "rs"}, {"isWritablePrimary": False, "secondary": True, "setName": "rs"},
        {"arbiterOnly": True, "setName": "rs", "secondary": False}, {"isWritablePrimary": True, "msg": "isdbgrid"}, {"isWritablePrimary": True},
        {"isWritablePrimary": False, "setName": "rs", "hidden": True}, {"isreplicaset": True, "ismaster": False},
    ]  # fmt: skip
    for number, answer in enumerate(answers, 1):
        ok(script, number, {"hello": 1}, {**answer, "maxWireVersion": 4 + 3 * number})
    return script


@scenario("versions of servers by maxWireVersion", "none", None)
def versions():
    script = Script()
    for number, version in enumerate((2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 17, 21, 22, 24, 25, 26, 27, 40), 1):
        ok(script, number, {"hello": 1, "client": w.METADATA}, {"isWritablePrimary": True, "maxWireVersion": version})
    return script


@scenario("metadata of odd clients: no names, long names, an unknown version", "none", None)
def odd_metadata():
    script = Script()
    for number, client in enumerate(({}, {"driver": {"name": "only a name"}}, {"application": {"name": ""}, "driver": {"version": "1"}},
                                     {"application": {"name": "n" * 128}, "driver": {"name": "d|e", "version": "1.0|2.0"}, "platform": "p"},
                                     {"application": 5, "driver": "x"}), 1):  # fmt: skip
        ok(script, number, {"hello": 1, "client": client}, {"isWritablePrimary": True, "maxWireVersion": 21})
    return ok(script, 9, {"ping": 1})


@scenario("ok in all types it comes in; an error without a code", "none", None)
def answers_ok():
    script = opened()
    for number, answer in enumerate(({"ok": 1}, {"ok": 1.0}, {"ok": Int64(1)}, {"ok": True}, {"ok": 0, "code": 13, "codeName": "Unauthorized"},
                                     {"ok": 0.0, "errmsg": "no code"}, {"ok": False, "code": Int64(59)}, {"a": 1}, {"ok": 0, "code": 8000.0}), 2):  # fmt: skip
        script.client(w.msg(number, {"ping": 1, "$db": "admin"})).server(w.msg(100 + number, answer, response_to=number))
    return script


@scenario("answers with their fields in other orders: counts behind errors, the cursor's id behind its batch", "none", None)
def answers_order():
    script = opened()
    late = {"cursor": SON([("firstBatch", [{"a": 1}, {"b": {"c": [1, 2]}}]), ("ns", "shop.orders"), ("id", Int64(9))])}
    ok(script, 2, {"find": "orders", "filter": {"a": 1}}, late)
    ok(script, 3, {"getMore": Int64(9), "collection": "orders"}, {"cursor": {"nextBatch": [], "id": Int64(0)}})
    errors = [{"index": 1, "code": 11000, "errmsg": "E11000"}, {"index": 2, "code": 121, "errmsg": "invalid"}]
    concern = {"code": 64, "codeName": "WriteConcernFailed", "errmsg": "timeout", "errInfo": {"code": 5}}
    ok(script, 4, {"insert": "orders", "documents": [{}, {}, {}]}, SON([("writeErrors", errors), ("writeConcernError", concern), ("n", 1)]))
    ok(script, 5, {"insert": "orders", "documents": [{}]}, {"writeConcernError": concern, "n": 1, "errorLabels": ["RetryableWriteError", "x"]})
    upserted = [{"index": 0, "_id": 5}, {"index": 2, "_id": 6}]
    ok(script, 6, {"update": "orders", "updates": [{"q": {"a": 1}, "u": {"$set": {"b": 1}}}]}, {"upserted": upserted, "nModified": 1, "n": 3})
    ok(script, 7, {"delete": "orders", "deletes": [{"q": {}, "limit": 0}]}, {"n": Int64(5_000_000_000)})
    ok(script, 8, {"distinct": "orders", "key": "a"}, {"values": [1, "x", {"a": 1}, [1], None]})
    return ok(script, 9, {"findAndModify": "orders", "query": {}, "remove": True}, {"value": None, "lastErrorObject": {"n": 0}})


@scenario("bulkWrite in one database, in several, on many collections; a name that has the database's in it", "none", None)
def bulk_write_namespaces():
    script = opened()
    answer = {"cursor": {"id": Int64(0), "firstBatch": [], "ns": "admin.$cmd.bulkWrite"}, "nErrors": 0, "nInserted": 2, "nMatched": 0,
              "nModified": 0, "nUpserted": 0, "nDeleted": 0}  # fmt: skip
    for number, names in enumerate((["shop.orders"], ["shop.orders", "shop.myshop.items"], ["shop.orders", "store.orders"], ["a.b", "ab.c"],
                                    [f"shop.c{i}" for i in range(12)], []), 2):  # fmt: skip
        spaces = [{"ns": name} for name in names]
        ok(script, number, {"bulkWrite": 1}, answer, after=[("ops", [{"insert": 0, "document": {}}] * 2), ("nsInfo", spaces)])
        ok(script, 20 + number, {"bulkWrite": 1, "ops": [{"insert": 0, "document": {}}], "nsInfo": spaces}, answer)
    return script


@scenario("a cursor of an aggregate on several collections, and of a command in a transaction", "none", None)
def cursors_of():
    script = opened()
    opening = {"cursor": {"id": Int64(41), "ns": "shop.orders", "firstBatch": [{}]}}
    lookup = {"from": "customers", "localField": "a", "foreignField": "b", "as": "c"}
    ok(script, 2, {"aggregate": "orders", "pipeline": [{"$lookup": lookup}], "cursor": {"batchSize": 1}}, opening)
    ok(script, 3, {"getMore": Int64(41), "collection": "orders"}, {"cursor": {"id": Int64(41), "ns": "shop.orders", "nextBatch": [{}, {}]}})
    session = {"lsid": {"id": bson.Binary(bytes(range(16)), 4)}, "txnNumber": Int64(3), "autocommit": False}
    ok(script, 4, {"getMore": Int64(41), "collection": "orders", **session}, {"ok": 0.0, "code": 251, "codeName": "NoSuchTransaction", "errorLabels": ["TransientTransactionError"]})
    ok(script, 5, {"getMore": Int64(41), "collection": "orders"}, {"cursor": {"id": Int64(0), "ns": "shop.orders", "nextBatch": []}})
    ok(script, 6, {"getMore": Int64(41), "collection": "orders"}, {"ok": 0.0, "code": 43, "codeName": "CursorNotFound"})
    return ok(script, 7, {"killCursors": "orders", "cursors": [Int64(41)]}, {"cursorsKilled": [], "cursorsNotFound": [Int64(41)]})


# ---- malformed: the sniffer gives up


def command(number=2, **more):
    return {"find": "orders", "filter": {"a": 1}, **more, "$db": "shop"}


def patched(data, at, value, size=4):
    return data[:at] + value.to_bytes(size, "little", signed=value < 0) + data[at + size :]


BAD = {
    "length-small": ("a message shorter than its head", lambda m: patched(m, 0, 15)),
    "length-negative": ("a negative length", lambda m: patched(m, 0, -5)),
    "length-huge": ("a length beyond all limits", lambda m: patched(m, 0, 0x7FFFFFFF)),
    "length-no-flags": ("an OP_MSG that ends in its flags", lambda m: w.message(w.MSG, b"\0\0", 2)),
    "length-query": ("an OP_QUERY whose name does not end", lambda m: w.message(w.QUERY, b"\0\0\0\0shop.orders", 2)),
    "opcode-unknown": ("an unknown opcode", lambda m: patched(m, 12, 2099)),
    "opcode-direction": ("an answer's opcode from the client", lambda m: patched(m, 12, w.REPLY)),
    "flags-required": ("a required flag that nobody knows", lambda m: patched(m, 16, 1 << 3)),
    "bson-length": ("a document that is longer than its message", lambda m: patched(m, 21, 5_000)),
    "bson-length-small": ("a document of four bytes", lambda m: patched(m, 21, 4)),
    "bson-end": ("a document without its zero", lambda m: m[:-1] + b"\1"),
    "bson-type": ("an element of an unknown type", lambda m: patched(m, 25, 0x42, 1)),
    "bson-string": ("a text that is longer than its document", lambda m: patched(m, 31, 900)),
    "bson-nested": ("a filter that is longer than its document", lambda m: patched(m, m.index(b"filter\0") + 7, 900)),
    "section-kind": ("a section of kind 2", lambda m: patched(m, 20, 2, 1)),
    "section-two-bodies": ("two bodies", lambda m: w.message(w.MSG, m[16:] + m[20:], 2)),
    "section-no-body": ("no body", lambda m: w.message(w.MSG, bytes(4) + w.sequence("documents", [{}]), 2)),
    "section-size": ("a sequence that is longer than its message", lambda m: patched(w.msg(2, command(), before=[("documents", [{}])]), 21, 4_000)),
    "section-document": ("a sequence whose document is longer", lambda m: patched(w.msg(2, command(), before=[("documents", [{"a": 1}])]), 35, 40)),
    "compression-unknown": ("an unknown compressor", lambda m: patched(w.compressed(m, "zlib"), 24, 9, 1)),
    "compression-damaged": ("damaged zlib", lambda m: patched(w.compressed(m, "zlib"), 25, 0xFFFFFFFF)),
    "compression-snappy": ("damaged snappy", lambda m: patched(w.compressed(m, "snappy"), 25, 0xFFFFFFFF)),
    "compression-negative": ("a negative size", lambda m: patched(w.compressed(m, "zlib"), 20, -1)),
    "compressed-bson": ("an element of an unknown type, compressed", lambda m: w.compressed(patched(m, 25, 0x42, 1), "zstd")),
    "noop-bson": ("an element of an unknown type, wrapped and not compressed", lambda m: w.compressed(patched(m, 25, 0x42, 1), "noop")),
    "compression-nested": ("OP_COMPRESSED in OP_COMPRESSED", lambda m: w.compressed(w.compressed(m, "zlib"), "zlib")),
    "compression-short": ("OP_COMPRESSED without its head", lambda m: w.message(w.COMPRESSED, b"\xdd\x07\0\0", 2)),
}


def malformed(name, text, change):
    @scenario("malformed: " + text, "none", None)
    def conversation():
        script = ok(opened(), 2, {"ping": 1})
        return script.client(change(w.msg(2, command()))).server(w.msg(103, {"ok": 0, "code": 2}, response_to=2))

    SCENARIOS["bad-" + name] = SCENARIOS.pop("conversation")


for each, (words, made) in BAD.items():
    malformed(each, words, made)


@scenario("malformed: the answer of a server, with a request open", "none", None)
def bad_answer():
    script = opened().client(w.msg(2, command()))
    return script.server(patched(w.msg(102, {"ok": 1.0}, response_to=2), 21, 77))


@scenario("malformed: the opcode of a request in an answer", "none", None)
def bad_answer_opcode():
    script = opened().client(w.msg(2, command()))
    return script.server(patched(w.msg(102, {"ok": 1.0}, response_to=2), 12, w.QUERY))


@scenario("TLS from the first byte on", "none", None)
def tls():
    hello = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" + bytes(range(32)) + b"\x00\x00\x04\x13\x01\x13\x02\x01\x00"
    return Script().client(hello).server(b"\x15\x03\x03\x00\x02\x02\x28")


@scenario("a message whose length is what TLS begins with", "none", None)
def tls_alike():
    command = {"ping": 1, "text": "", "$db": "admin"}
    command["text"] = "x" * (0x316 - len(w.msg(1, command)))
    script = Script().client(w.msg(1, command)).server(w.msg(101, {"ok": 1.0}, response_to=1))
    return script.client(w.msg(2, {"ping": 1, "$db": "admin"})).server(w.msg(102, {"ok": 1.0}, response_to=2))


@scenario("another protocol: a client of HTTP", "none", None)
def http():
    return Script().client(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

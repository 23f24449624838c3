#!/usr/bin/env python3
"""What applications do with redis-py and its defaults, through a redis_proxy with hash tags before several empty shards.

    redis-py-session.py PORT PROTOCOL       PROTOCOL: 2, 3, or default

Prints a line for each part that went well, and ends with 1 at the first that did not.
"""

import asyncio
import sys
import threading
import time

import redis
import redis.asyncio
from redis.exceptions import ClusterCrossSlotError, LockNotOwnedError, ResponseError, WatchError

PORT = int(sys.argv[1])
VERSION = {} if sys.argv[2] == "default" else {"protocol": int(sys.argv[2])}
PATIENCE = 60


def connect(**options):
    return redis.Redis(host="127.0.0.1", port=PORT, **VERSION, **options)


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"{found!r} instead of {expected!r}")


def refused(error, part, call, *arguments):
    try:
        answer = call(*arguments)
    except error as e:
        if part not in str(e):
            raise AssertionError(f"{e!r} says nothing of {part!r}") from e
    else:
        raise AssertionError(f"{answer!r} instead of an error")


def together(threads):
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)


def start():
    r = connect()
    equal(r.ping(), True)
    info = r.client_info()
    equal((info["lib-name"], info["lib-ver"]), ("redis-py", redis.__version__))
    if VERSION:
        equal(str(info["resp"]), sys.argv[2])
    with connect(db=3, client_name="cart", decode_responses=True) as other:
        equal(other.client_getname(), "cart")
        equal(other.set("k", "three"), True)
        equal(other.get("k"), "three")
    equal(r.get("k"), None)


def types():
    r = connect(decode_responses=True)
    equal(r.hset("h", mapping={"a": "1", "ü": "ö"}), 2)
    equal(r.hgetall("h"), {"a": "1", "ü": "ö"})
    equal(r.sadd("s", "x", "y"), 2)
    equal(set(r.smembers("s")), {"x", "y"})
    equal(r.zadd("z", {"a": 1.5, "b": 2}), 2)
    equal([list(pair) for pair in r.zrange("z", 0, -1, withscores=True)], [["a", 1.5], ["b", 2.0]])
    equal(r.zscore("z", "a"), 1.5)
    equal(r.incrbyfloat("f", 0.5), 0.5)
    equal(r.expire("h", 1000), True)
    equal(990 < r.ttl("h") <= 1000, True)
    equal(r.type("z"), "zset")
    equal(r.setbit("bits", 7, 1), 0)
    equal(r.bitcount("bits"), 1)
    equal(r.geoadd("g", (13.4, 52.5, "berlin")), 1)
    equal(r.dump("f") is not None, True)
    equal(connect().get("h2"), None)
    refused(ResponseError, "WRONGTYPE", r.lpush, "h", "x")


def several_keys():
    r = connect(decode_responses=True)
    values = {f"m{i}": str(i) for i in range(100)}
    equal(r.mset(values), True)
    equal(r.mget(list(values) + ["absent"]), list(values.values()) + [None])
    equal(r.exists(*values, "absent"), 100)
    equal(r.delete(*list(values)[:60]), 60)
    equal(r.unlink(*values), 40)
    refused(ClusterCrossSlotError, "the same shard", r.sinter, *[f"set{i}" for i in range(30)])
    equal(r.sinterstore("{a}3", "{a}1", "{a}2"), 0)


def pipelines():
    r = connect(decode_responses=True)
    plain = r.pipeline(transaction=False)
    for i in range(500):
        plain.set(f"p{i}", i).incr(f"p{i}")
    plain.hset("p0", "f", "v").get("p499")
    answers = plain.execute(raise_on_error=False)
    equal(answers[1:1000:2], list(range(1, 501)))
    equal("WRONGTYPE" in str(answers[1000]), True)
    equal(answers[1001], "500")
    whole = r.pipeline()
    equal(whole.incr("{t}n").rpush("{t}l", "a", "b").lrange("{t}l", 0, -1).execute(), [1, 2, ["a", "b"]])
    spread = r.pipeline()
    for i in range(30):
        spread.incr(f"x{i}")
    refused(ClusterCrossSlotError, "a transaction lies on one shard", spread.execute)
    equal(sum(r.exists(f"x{i}") for i in range(30)), 0)
    empty = r.pipeline().incr("{t}n").lpush("{t}n", "no").incr("{t}n")
    answers = empty.execute(raise_on_error=False)
    equal((answers[0], answers[2]), (2, 3))


def optimistic():
    r = connect(decode_responses=True)
    r.set("{w}a", 1)
    with r.pipeline() as pipe:
        pipe.watch("{w}a")
        value = int(pipe.get("{w}a"))
        pipe.multi()
        pipe.set("{w}a", value + 1).get("{w}a")
        equal(pipe.execute(), [True, "2"])
        pipe.watch("{w}a")
        r.set("{w}a", 10)
        pipe.multi()
        pipe.set("{w}a", 0)
        refused(WatchError, "", pipe.execute)
    equal(r.get("{w}a"), "10")

    def add(pipe):
        current = int(pipe.get("{w}a"))
        pipe.multi()
        pipe.set("{w}a", current + 1)

    crowd = [threading.Thread(target=lambda: [r.transaction(add, "{w}a") for _ in range(20)]) for _ in range(4)]
    together(crowd)
    equal(r.get("{w}a"), "90")


def wait_for(listener, kind):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        message = listener.get_message(timeout=1)
        if message and message["type"] == kind:
            return message["channel"], message["data"]
    raise AssertionError(f"no {kind}")


def subscriptions():
    r = connect(decode_responses=True)
    listener = r.pubsub()
    channels = [f"ch{i}" for i in range(12)]
    listener.subscribe(*channels)
    equal([wait_for(listener, "subscribe")[1] for _ in channels], list(range(1, 13)))
    listener.psubscribe("news.*")
    wait_for(listener, "psubscribe")
    for channel in channels:
        equal(r.publish(channel, "to " + channel) >= 1, True)
        equal(wait_for(listener, "message"), (channel, "to " + channel))
    r.publish("news.1", "n")
    equal(wait_for(listener, "pmessage"), ("news.1", "n"))
    listener.unsubscribe(*channels)
    for _ in channels:
        wait_for(listener, "unsubscribe")
    listener.close()
    # With decode_responses redis-py 8.1 does not know this answer in RESP3, nor does it that of a plain server.
    listener = connect().pubsub()
    listener.subscribe("alive")
    listener.ping()
    wait_for(listener, "pong")
    listener.close()
    heard = []
    listener = r.pubsub(ignore_subscribe_messages=True)
    listener.subscribe(job=lambda message: heard.append(message["data"]))
    thread = listener.run_in_thread(sleep_time=0.01)
    end = time.monotonic() + PATIENCE
    while not heard and time.monotonic() < end:
        r.publish("job", "done")
        time.sleep(0.01)
    thread.stop()
    thread.join(PATIENCE)
    equal(heard[0], "done")


def queues():
    r = connect(decode_responses=True)
    equal(r.blpop("none", timeout=0.05), None)
    r.rpush("jobs", "1")
    equal(tuple(r.blpop(["jobs"], timeout=PATIENCE)), ("jobs", "1"))
    got = []
    worker = threading.Thread(target=lambda: got.append(tuple(r.brpop("later", timeout=PATIENCE))))
    worker.start()
    time.sleep(0.1)
    r.lpush("later", "2")
    worker.join(PATIENCE)
    equal(got, [("later", "2")])
    equal(r.blmove("none", "none", timeout=0.05, src="LEFT", dest="RIGHT"), None)
    equal(r.xgroup_create("events", "g", id="0", mkstream=True), True)
    entry = r.xadd("events", {"a": "1"})
    answer = r.xreadgroup("g", "me", {"events": ">"}, count=10, block=1000)
    found = list(answer.items())[0] if isinstance(answer, dict) else answer[0]
    equal(entry in str(found) and "'a': '1'" in str(found), True)
    equal(r.xack("events", "g", entry), 1)
    equal(r.xpending("events", "g")["pending"], 0)


def locks():
    r = connect()
    lock = r.lock("lock:invoice", timeout=PATIENCE)
    equal(lock.acquire(), True)
    equal(r.lock("lock:invoice").acquire(blocking=False), False)
    equal(lock.extend(10), True)
    equal(lock.reacquire(), True)
    equal(lock.release(), None)
    again = r.lock("lock:invoice", timeout=PATIENCE)
    equal(again.acquire(blocking_timeout=PATIENCE), True)
    r.set("lock:invoice", "stolen")
    refused(LockNotOwnedError, "", again.release)
    script = r.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
    equal([int(script(keys=[f"sc{i}"], args=[i])) for i in range(20)], list(range(20)))
    pipe = r.pipeline(transaction=False)
    for i in range(20):
        script(keys=[f"sc{i}"], args=[1], client=pipe)
    equal(pipe.execute(), [i + 1 for i in range(20)])
    equal(r.script_exists(script.sha, "0" * 40), [True, False])
    r.script_flush()
    equal(r.script_exists(script.sha), [False])


def scans():
    r = connect(db=5, decode_responses=True)
    names = {f"scan:{i}" for i in range(700)}
    pipe = r.pipeline(transaction=False)
    for name in names:
        pipe.set(name, 1)
    pipe.execute()
    r.rpush("other", "x")
    found = list(r.scan_iter(count=50))
    equal((len(found), set(found)), (701, names | {"other"}))
    equal(set(r.scan_iter(match="scan:1?", _type="string")), {f"scan:1{i}" for i in range(10)})
    equal(set(r.scan_iter(_type="list")), {"other"})
    equal(len(r.keys("scan:*")), 700)
    equal(r.dbsize(), 701)
    equal(r.randomkey() in found, True)
    r.hset("h", mapping={f"f{i}": i for i in range(600)})
    equal(len(dict(r.hscan_iter("h"))), 600)
    r.sadd("s", *range(600))
    equal(len(set(r.sscan_iter("s", match="1*"))), 111)
    r.zadd("z", {str(i): i for i in range(600)})
    equal(sum(score for _, score in r.zscan_iter("z")), 179700)
    equal(r.flushdb(), True)
    equal(r.dbsize(), 0)


def administration():
    r = connect(decode_responses=True)
    equal("redis_version" in r.info(), True)
    equal("maxmemory" in r.config_get("maxmemory*"), True)
    equal(abs(r.time()[0] - time.time()) < 3600, True)
    equal(r.echo("x"), "x")
    equal(r.acl_whoami(), "default")
    equal(r.command_count() > 100, True)
    r.set("o", "x" * 1000)
    equal(r.object("encoding", "o"), "raw")
    equal(r.memory_usage("o") > 100, True)
    equal(r.copy("{o}1", "{o}2"), False)
    refused(ResponseError, "no such key", r.rename, "{o}1", "{o}2")
    equal([client["lib-name"] for client in r.client_list() if client["id"] == str(r.client_id())], ["redis-py"])
    refused(ResponseError, "NOSUCH", r.execute_command, "NOSUCH", "k")
    equal(r.ping(), True)


def many_threads():
    pool = redis.BlockingConnectionPool(host="127.0.0.1", port=PORT, max_connections=6, timeout=PATIENCE, **VERSION)
    r = redis.Redis(connection_pool=pool)
    wrong = []

    def work(number):
        for i in range(100):
            value = f"{number}-{i}".encode()
            r.set(f"thread:{number}", value)
            if r.get(f"thread:{number}") != value:
                wrong.append(value)
            r.incr("thread:all")

    crowd = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    together(crowd)
    equal(wrong, [])
    equal(r.get("thread:all"), b"1200")


def asynchronous():
    async def run():
        async with redis.asyncio.Redis(host="127.0.0.1", port=PORT, decode_responses=True, **VERSION) as r:
            await asyncio.gather(*(r.set(f"as{i}", i) for i in range(100)))
            equal(await r.mget([f"as{i}" for i in range(100)]), [str(i) for i in range(100)])
            async with r.pipeline(transaction=True) as pipe:
                equal(await pipe.incr("{as}n").incr("{as}n").execute(), [1, 2])
            async with r.pubsub() as listener:
                await listener.subscribe("async")
                await listener.get_message(timeout=PATIENCE)
                await r.publish("async", "hello")
                message = None
                for _ in range(PATIENCE):
                    message = message or await listener.get_message(ignore_subscribe_messages=True, timeout=1)
                    if message:
                        break
                equal(message["data"], "hello")
            async with r.lock("async-lock", timeout=PATIENCE):
                equal(await r.exists("async-lock"), 1)
            equal([key async for key in r.scan_iter(match="as1")], ["as1"])

    asyncio.run(run())


for part in (
    start,
    types,
    several_keys,
    pipelines,
    optimistic,
    subscriptions,
    queues,
    locks,
    scans,
    administration,
    many_threads,
    asynchronous,
):
    part()
    print(part.__name__, flush=True)

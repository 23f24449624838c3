package dev.weir.redis;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Makes random commands whose answers depend on what was sent before only. A word in a form stands for something random: {@code K} a key, {@code T}
 * one of those with the same tag, {@code V} a value, {@code N} a small number, {@code S} a score, {@code F} a field.
 */
final class ProxyScript {
    private static final List<String> FORMS = List.of(
            "SET K V",
            "SET K V NX",
            "SET K V XX GET",
            "SET K N",
            "GET K",
            "GETDEL K",
            "GETSET K V",
            "GETEX K PERSIST",
            "APPEND K V",
            "STRLEN K",
            "SETRANGE K N V",
            "GETRANGE K 0 N",
            "SUBSTR K 0 N",
            "SETNX K V",
            "SETEX K 1000 V",
            "PSETEX K 1000000 V",
            "INCR K",
            "DECR K",
            "INCRBY K N",
            "DECRBY K N",
            "INCRBYFLOAT K S",
            "SETBIT K N 1",
            "GETBIT K N",
            "BITCOUNT K",
            "BITCOUNT K 0 N",
            "BITPOS K 1",
            "BITFIELD K SET u8 N N GET u8 N",
            "BITFIELD_RO K GET u8 N",
            "BITOP AND T T T",
            "BITOP NOT T T",
            "BITOP XOR T T T T",
            "MGET K K K K",
            "MGET T T",
            "MSET K V K V K V",
            "MSET T V T V",
            "MSETNX T V T V",
            "DEL K",
            "DEL K K K",
            "UNLINK K K",
            "EXISTS K K K K",
            "EXISTS K",
            "TOUCH K K",
            "TYPE K",
            "RENAME T T",
            "RENAMENX T T",
            "COPY T T",
            "COPY T T REPLACE",
            "PERSIST K",
            "TTL K",
            "PTTL F",
            "EXPIRE K -1",
            "EXPIRE F 100",
            "EXPIREAT F 1",
            "PEXPIRE F 1",
            "DUMP F",
            "OBJECT REFCOUNT F",
            "OBJECT ENCODING K",
            "LPUSH K V V",
            "RPUSH K V V V",
            "LPUSHX K V",
            "RPUSHX K V",
            "LPOP K",
            "RPOP K",
            "LPOP K N",
            "RPOP K N",
            "LLEN K",
            "LRANGE K 0 -1",
            "LRANGE K N -N",
            "LINDEX K N",
            "LINSERT K BEFORE V V",
            "LSET K N V",
            "LREM K 0 V",
            "LTRIM K 0 N",
            "LPOS K V",
            "LPOS K V COUNT 0",
            "LMOVE T T LEFT RIGHT",
            "RPOPLPUSH T T",
            "SADD K V V V",
            "SREM K V",
            "SCARD K",
            "SISMEMBER K V",
            "SMISMEMBER K V V",
            "SMOVE T T V",
            "SMEMBERS K",
            "SINTER T T",
            "SUNION T T T",
            "SDIFF T T",
            "SINTERSTORE T T T",
            "SUNIONSTORE T T T",
            "SDIFFSTORE T T T",
            "SSCAN K 0 COUNT 1000",
            "SORT K ALPHA",
            "SORT T ALPHA STORE T",
            "SORT T LIMIT 0 N ALPHA",
            "HSET K F V",
            "HSET K F V F V",
            "HMSET K F V F V",
            "HSETNX K F V",
            "HGET K F",
            "HMGET K F F",
            "HDEL K F F",
            "HLEN K",
            "HEXISTS K F",
            "HKEYS K",
            "HVALS K",
            "HGETALL K",
            "HINCRBY K F N",
            "HINCRBYFLOAT K F S",
            "HSTRLEN K F",
            "HSCAN K 0 COUNT 1000",
            "ZADD K S V S V",
            "ZADD K NX CH S V",
            "ZADD K GT S V",
            "ZINCRBY K S V",
            "ZREM K V V",
            "ZCARD K",
            "ZCOUNT K 0 S",
            "ZSCORE K V",
            "ZMSCORE K V V",
            "ZRANK K V",
            "ZREVRANK K V",
            "ZRANGE K 0 -1 WITHSCORES",
            "ZRANGE K 0 S BYSCORE",
            "ZREVRANGE K 0 N",
            "ZRANGEBYSCORE K 0 S",
            "ZREVRANGEBYSCORE K S 0",
            "ZRANGEBYLEX K - +",
            "ZREVRANGEBYLEX K + -",
            "ZLEXCOUNT K - +",
            "ZREMRANGEBYRANK K 0 0",
            "ZREMRANGEBYSCORE K 0 1",
            "ZREMRANGEBYLEX K [a [b",
            "ZPOPMIN K",
            "ZPOPMAX K N",
            "ZRANGESTORE T T 0 N",
            "ZUNION 2 T T",
            "ZINTER 2 T T WITHSCORES",
            "ZDIFF 2 T T",
            "ZUNIONSTORE T 2 T T",
            "ZINTERSTORE T 2 T T WEIGHTS 1 2",
            "ZDIFFSTORE T 2 T T",
            "ZSCAN K 0 COUNT 1000",
            "PFADD K V V",
            "PFCOUNT K",
            "PFCOUNT T T",
            "PFMERGE T T T",
            "GEOADD K 13.36 38.11 V",
            "GEODIST K V V",
            "GEOHASH K V V",
            "GEOPOS K V",
            "GEOSEARCH K FROMLONLAT 15 37 BYRADIUS 200 km ASC",
            "GEOSEARCHSTORE T T FROMLONLAT 15 37 BYRADIUS 200 km",
            "GEORADIUS_RO K 15 37 200 km ASC",
            "GEORADIUS T 15 37 200 km STORE T",
            "GEORADIUSBYMEMBER_RO K V 200 km ASC",
            "XADD X 1-* f V",
            "XADD X 2-* f V g V",
            "XLEN X",
            "XRANGE X - +",
            "XREVRANGE X + - COUNT N",
            "XDEL X 1-0",
            "XTRIM X MAXLEN N",
            "XGROUP CREATE X g 0 MKSTREAM",
            "XGROUP CREATECONSUMER X g c",
            "XINFO GROUPS X",
            "XPENDING X g",
            "XACK X g 1-0",
            "XCLAIM X g c 0 1-0",
            "XAUTOCLAIM X g c 0 0 COUNT 1",
            "EVAL return{KEYS[1],ARGV[1]} 1 K V",
            "EVAL return{KEYS[2],1,{2}} 2 T T",
            "EVAL return#ARGV 0 V V",
            "EVAL return{err='MY_error'} 1 K",
            "EVALSHA ffffffffffffffffffffffffffffffffffffffff 1 K",
            "EVAL_RO return{KEYS[1]} 1 K",
            "EVAL return{double=3.5} 0",
            "SCRIPT LOAD return1",
            "SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db ffff",
            "SCRIPT FLUSH",
            "DBSIZE",
            "FLUSHDB",
            "ECHO V",
            "PING",
            "PING V",
            "SELECT 0",
            "SELECT 1",
            "SELECT 1000",
            "SELECT V",
            "LOLWUT VERSION 1",
            "GET",
            "SET K",
            "INCRBY K V",
            "NOSUCH K V",
            "LINDEX K V",
            "SETRANGE K -1 V",
            "EXPIRE K V",
            "CLIENT GETNAME",
            "CLIENT SETNAME F",
            "CLIENT SETNAME a\nb",
            "OBJECT HELP",
            "HSET K F",
            "SCAN nocursor",
            "KEYS *",
            "KEYS k[1-3]?",
            "KEYS {t}[^2]",
            "KEYS k\\1*",
            "KEYS ?[",
            "ZADD K V V",
            "MSET K V K",
            "DEL",
            "MGET",
            "EVAL return1 V",
            "EVAL return1 -1 K",
            "LMPOP 1 K LEFT",
            "LMPOP 2 T T RIGHT COUNT N",
            "ZMPOP 2 T T MIN",
            "SINTERCARD 2 T T",
            "LCS T T",
            "ZINTERCARD 2 T T",
            "EXPIRETIME F");

    /** In which order they come is not said. */
    private static final Set<String> UNORDERED = Set.of(
            "KEYS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "SSCAN", "HKEYS", "HVALS", "HGETALL", "HSCAN", "ZSCAN");

    private final Random random;
    private final List<String> forms;

    ProxyScript(Random random) {
        this(random, form -> true);
    }

    /** @param used which forms are */
    ProxyScript(Random random, Predicate<String> used) {
        this.random = random;
        this.forms = FORMS.stream().filter(used).toList();
    }

    String[] next() {
        String form = forms.get(random.nextInt(forms.size()));
        if (form.equals("FLUSHDB") && random.nextInt(10) > 0) {
            form = "DBSIZE";
        }
        return Arrays.stream(form.split(" ", -1)).map(this::word).toArray(String[]::new);
    }

    private String word(String word) {
        return switch (word) {
            case "K" -> "k" + random.nextInt(40);
            case "X" -> "stream" + random.nextInt(3);
            case "T" -> "{t}" + random.nextInt(6);
            case "V" -> value();
            case "N" -> String.valueOf(random.nextInt(7));
            case "-N" -> String.valueOf(-random.nextInt(7));
            case "S" -> String.valueOf(random.nextInt(100) / 4.0);
            case "F" -> "f" + random.nextInt(4);
            default -> word;
        };
    }

    private String value() {
        int kind = random.nextInt(40);
        if (kind == 0) {
            return "";
        }
        if (kind == 1) {
            return "\r\n\0\u00ff$-1\r\n".repeat(1 + random.nextInt(60));
        }
        return kind == 2 ? "x".repeat(random.nextInt(20_000)) : "v" + random.nextInt(12);
    }

    /** What is left of an answer where servers may differ: order, and the texts of some errors of ours. */
    String comparable(String[] command, String answer) {
        String name = command[0].toUpperCase(Locale.ROOT);
        if (answer.startsWith("-")) {
            return answer.substring(0, Math.max(2, answer.indexOf(' ')));
        }
        if (UNORDERED.contains(name)) {
            String[] lines = answer.split("\r\n", -1);
            Arrays.sort(lines);
            return String.join("\r\n", lines);
        }
        return answer;
    }
}

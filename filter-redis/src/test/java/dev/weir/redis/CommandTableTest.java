package dev.weir.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CommandTableTest {
    private static final CommandTable TABLE = CommandTable.load();

    static Stream<String> servers() {
        return TestServer.available().stream();
    }

    @Test
    void findsEveryNameInAnyCaseAtTheVeryEndOfTheBytes() {
        for (CommandInfo info : TABLE.all().subList(1, TABLE.all().size())) {
            String name = info.operation.name();
            String last = name.substring(name.indexOf(' ') + 1);
            for (String written : List.of(last, last.toLowerCase(Locale.ROOT), mixed(last))) {
                ByteBuf buf = Unpooled.wrappedBuffer(("xx" + written).getBytes(StandardCharsets.US_ASCII));
                byte[] bytes = written.getBytes(StandardCharsets.US_ASCII);
                CommandInfo parent = info.parent;

                if (parent == null) {
                    assertThat(TABLE.find(buf, 2, last.length(), buf.writerIndex()))
                            .isSameAs(info);
                    assertThat(TABLE.find(bytes, bytes.length, bytes.length)).isSameAs(info);
                } else {
                    assertThat(TABLE.findSub(parent, buf, 2, last.length(), buf.writerIndex()))
                            .isSameAs(info);
                    assertThat(TABLE.findSub(parent, bytes, bytes.length, bytes.length))
                            .isSameAs(info);
                }
            }
        }
    }

    private static String mixed(String name) {
        StringBuilder mixed = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            String c = name.substring(i, i + 1);
            mixed.append(i % 2 == 0 ? c.toLowerCase(Locale.ROOT) : c);
        }
        return mixed.toString();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "GE",
                "GETX",
                "GET\0",
                "G\u00c7T",
                "{ET",
                "CONFIG GET",
                "XREADGROUPXREADGROUPXREADGROUPXREADGROUP"
            })
    void knowsNothingElse(String name) {
        ByteBuf buf = Unpooled.wrappedBuffer((name + "\r\n$3\r\n").getBytes(StandardCharsets.ISO_8859_1));

        assertThat(TABLE.find(buf, 0, name.length(), buf.writerIndex())).isSameAs(TABLE.other());
    }

    /** Every command that a real server knows is known here, with its key positions where they are fixed. */
    @ParameterizedTest
    @MethodSource("servers")
    void knowsEveryCommandOfRealServers(String name) throws Exception {
        try (TestServer server = TestServer.start(name);
                TestServer.Client client = server.connect()) {
            List<String> missing = new ArrayList<>();
            for (Object command : (List<?>) client.call("COMMAND")) {
                compare((List<?>) command, missing);
            }

            assertThat(missing).isEmpty();
        }
    }

    private static void compare(List<?> command, List<String> missing) {
        String name = command.get(0).toString().toUpperCase(Locale.ROOT).replace('|', ' ');
        if (name.equals("POST") || name.equals("HOST:")) {
            return;
        }
        CommandInfo info = TABLE.find(name);
        if (info == null) {
            missing.add(name);
            return;
        }
        List<?> flags = (List<?>) command.get(2);
        boolean kind = !info.container; // up to 6.2 containers have the flags of their sub-commands
        if (kind && flags.contains("readonly") != info.read || kind && flags.contains("write") != info.write) {
            missing.add(name + " is " + (info.read ? "read" : "write") + ", server says " + flags);
        }
        if (flags.contains("blocking") && !info.blocking) {
            missing.add(name + " blocks");
        }
        if (command.size() > 9) {
            ((List<?>) command.get(9)).forEach(sub -> compare((List<?>) sub, missing));
        }
    }

    @ParameterizedTest
    @MethodSource("servers")
    void findsTheKeysThatCommandGetkeysFinds(String name) throws Exception {
        List<String> examples = List.of(
                "GET a",
                "SET a b EX 10",
                "MSET a 1 b 2 c 3",
                "MGET a b c",
                "DEL a b",
                "EVAL script 2 a b c",
                "EVAL script 0 a",
                "EVALSHA abc 1 k v",
                "ZUNIONSTORE d 2 a b WEIGHTS 1 2",
                "ZINTER 2 a b",
                "ZDIFFSTORE d 1 a",
                "XREAD COUNT 2 STREAMS a b 0 0",
                "XREADGROUP GROUP g c STREAMS a b > >",
                "XREAD BLOCK 10 STREAMS streams 0",
                "SORT a BY store GET get STORE d",
                "SORT a",
                "SORT a LIMIT 0 1 STORE x",
                "GEORADIUS k 1 2 3 m STORE d",
                "GEORADIUSBYMEMBER k m 3 m STOREDIST d",
                "BITOP AND d a b",
                "OBJECT ENCODING a",
                "MEMORY USAGE a",
                "PFCOUNT a b",
                "PFMERGE d a b",
                "RENAME a b",
                "LMOVE a b LEFT RIGHT",
                "BLPOP a b 0",
                "BZPOPMIN a b 1",
                "SINTERSTORE d a b",
                "XINFO STREAM s",
                "XGROUP CREATE s g $",
                "SMOVE a b m",
                "MIGRATE h 1 k 0 10",
                "WATCH a b",
                "COPY a b",
                "LCS a b",
                "LMPOP 2 a b LEFT",
                "BZMPOP 1 2 a b MIN",
                "SINTERCARD 2 a b",
                "FCALL f 1 k a",
                "GEOSEARCHSTORE d s FROMMEMBER m BYRADIUS 1 m",
                "SORT_RO a BY b");
        try (TestServer server = TestServer.start(name);
                TestServer.Client client = server.connect()) {
            for (String example : examples) {
                Object keys = client.call(("COMMAND GETKEYS " + example).split(" ", -1));
                if (keys instanceof List<?> list) {
                    assertThat(ours(example)).as(example).hasSameElementsAs(texts(list)); // 6.2 sorts them
                }
            }
        }
    }

    private static List<String> texts(List<?> list) {
        return list.stream().map(String::valueOf).toList();
    }

    private static List<String> ours(String example) {
        String[] arguments = example.split(" ", -1);
        CommandInfo info = TABLE.find(arguments[0]);
        assertThat(info).as(example).isNotNull();
        CommandInfo sub = info.container ? TABLE.find(arguments[0] + " " + arguments[1]) : info;
        ByteBuf request = Unpooled.buffer();
        Resp.arrayHeader(request, arguments.length);
        for (String argument : arguments) {
            Resp.bulk(request, argument);
        }
        CommandReader reader = new CommandReader(new CommandReader.Limits(1000, 1000, 10_000, 10_000));
        assertThat(reader.next(request, 0, request.writerIndex())).isEqualTo(CommandReader.Step.COMMAND);
        KeyFinder keys = new KeyFinder(reader, request);
        assertThat(keys.find(sub, reader, request)).as(example).isTrue();
        return IntStream.range(0, keys.size())
                .mapToObj(i -> arguments[keys.position(i)])
                .toList();
    }

    @Test
    void findsTheKeysOfMigrateBehindItsPassword() {
        assertThat(ours("MIGRATE h 1  0 10 AUTH2 KEYS KEYS KEYS a b")).containsExactly("a", "b");
    }

    @Test
    void hasTheUsualModules() {
        assertThat(List.of(
                        "JSON.GET",
                        "FT.SEARCH",
                        "BF.ADD",
                        "CF.ADD",
                        "CMS.MERGE",
                        "TOPK.ADD",
                        "TDIGEST.ADD",
                        "TS.RANGE"))
                .allSatisfy(command -> assertThat(TABLE.find(command)).isNotNull());
        assertThat(TABLE.all()).hasSizeGreaterThan(600);
    }
}

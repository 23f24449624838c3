package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.config.ConfigErrors;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Direction;
import dev.weir.core.testkit.FakeEnvironment;
import dev.weir.core.testkit.SnifferTester;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sessions and read preferences: in their usual form, which is read at once, and in all others. */
class SmallDocumentsTest {
    private static final String DONE = "{n: 1, ok: 1.0}";

    private final FakeEnvironment environment = new FakeEnvironment();
    private final SnifferTester tester = new SnifferTester(new MongoProtocol()
            .sniffer(ConfigNode.of(Map.of(), new ConfigErrors()), environment)
            .onLoop(environment));
    private int id;

    private String line(String request) {
        id++;
        tester.feed(Direction.TO_UPSTREAM, Messages.request(id, request), 1_000_000L * id);
        tester.feed(Direction.TO_CLIENT, Messages.answer(id, DONE), 1_000_000L * id + 250_000);
        return tester.recorded().lines().get(tester.recorded().lines().size() - 1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {mode: 'primary'}                                  | primary
                    {mode: 'secondaryPreferred'}                       | secondaryPreferred
                    {mode: 'nearest', tags: [{dc: 'east'}, {}]}        | nearest
                    {mode: 'nearest', hedge: {}}                       | nearest
                    {maxStalenessSeconds: 90, mode: 'secondary'}       | secondary
                    {modus: 'no', mode: 'secondary'}                   | secondary
                    {mode: 'as long as nobody ever called one before'} | as long as nobody ever called one before
                    """)
    void showsTheModeOfAReadPreference(String preference, String mode) {
        String line = line("{find: 'orders', filter: {}, $db: 'shop', $readPreference: " + preference + "}");

        assertThat(line).contains("read_preference=" + mode);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{mode: ''}",
                "{mode: 1}",
                "{mode: null}",
                "{mode: {a: 'primary'}}",
                "{moda: 'primary'}",
                "{x: {$numberDecimal: '1'}, y: 1}"
            })
    void showsNoModeWhereThereIsNone(String preference) {
        String line = line("{find: 'orders', filter: {}, $readPreference: " + preference + ", $db: 'shop'}");

        assertThat(line).startsWith("find | status=ok namespace=shop ").doesNotContain("read_preference");
    }

    private static String session(char last, String more) {
        return ", $db: 'shop', lsid: {id: UUID('7a5d3c1e-0000-4000-8000-00000000000" + last + "')" + more
                + "}, txnNumber: {$numberLong: '1'}, autocommit: false}";
    }

    /** Sessions of servers' own connections name their user, too: many have the same one. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ", uid: {$binary: {base64: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', subType: '00'}}",
                ", x: 1"
            })
    void knowsTransactionsByTheIdOfTheSession(String more) {
        line("{insert: 'orders', startTransaction: true" + session('1', more));
        line("{insert: 'orders', startTransaction: true" + session('2', more));
        line("{update: 'orders'" + session('1', more));

        String first = line("{commitTransaction: 1" + session('1', more));
        String second = line("{abortTransaction: 1" + session('2', more));

        assertThat(first).contains("transaction=commit").contains("batch=2 ");
        assertThat(second).contains("transaction=abort").contains("batch=1 ");
    }

    @Test
    void readsSessionsOfAnyForm() {
        line("{insert: 'orders', startTransaction: true, $db: 'shop', lsid: {}, txnNumber: 1, autocommit: false}");

        String line = line("{insert: 'orders', $db: 'shop', lsid: {id: 'a session whose id is text'}}");

        assertThat(line).startsWith("insert | status=ok ");
    }
}

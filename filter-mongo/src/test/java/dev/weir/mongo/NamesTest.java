package dev.weir.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.core.sql.DigestTable;
import dev.weir.core.sql.SqlStatement;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names and statements that come again and again: {@link NameTable}, {@link Interned}, {@link Statements}. */
class NamesTest {
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Names of 1 to 40 bytes. */
    private static List<String> names() {
        return IntStream.rangeClosed(1, 40)
                .mapToObj(n -> LETTERS.substring(0, n))
                .toList();
    }

    /** What is behind the name in the array must not count. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 30})
    void findsNamesOfAnyLength(int behind) {
        NameTable table = new NameTable(names());

        List<Integer> found = names().stream()
                .map(name -> {
                    byte[] a = Arrays.copyOf(bytes(">>" + name + LETTERS), 2 + name.length() + behind);
                    return table.find(a, 2, 2 + name.length());
                })
                .toList();

        assertThat(found).isEqualTo(IntStream.range(0, 40).boxed().toList());
    }

    @Test
    void findsNothingElse() {
        NameTable table = new NameTable(names());

        List<String> wrong = names().stream()
                .flatMap(name -> IntStream.range(0, name.length())
                        .mapToObj(i -> name.substring(0, i) + '_' + name.substring(i + 1)))
                .filter(name -> table.find(bytes(name), 0, name.length()) != NameTable.NONE)
                .toList();

        assertThat(wrong).isEmpty();
        assertThat(table.find(new byte[0], 0, 0)).isEqualTo(NameTable.NONE);
    }

    @Test
    void findsAllOfALongList() {
        List<String> many = IntStream.range(0, 300).mapToObj(i -> "command" + i).toList();
        NameTable table = new NameTable(many);

        List<Integer> found = many.stream()
                .map(name -> table.find(bytes(name), 0, name.length()))
                .toList();

        assertThat(found).isEqualTo(IntStream.range(0, 300).boxed().toList());
    }

    @Test
    void givesTheSameTextForTheSameBytes() {
        Interned interned = new Interned();

        for (String name : names()) {
            String first = interned.of(bytes(">" + name), 1, 1 + name.length());
            String again = interned.of(bytes(name + "<<<<<<<<<<"), 0, name.length());

            assertThat(first).isEqualTo(name);
            assertThat(again).isSameAs(first);
        }
    }

    @Test
    void givesEachItsOwnTextWhereMoreComeThanFit() {
        Interned interned = new Interned();

        List<String> wrong = IntStream.range(0, 20_000)
                .mapToObj(i -> "name" + i % 7_000)
                .filter(name -> !interned.of(bytes(name), 0, name.length()).equals(name))
                .toList();

        assertThat(wrong).isEmpty();
    }

    @Test
    void cutsLongTexts() {
        String text = LETTERS.repeat(20);

        String interned = new Interned().of(bytes(text), 0, text.length());

        assertThat(interned).isEqualTo(text.substring(0, Interned.LONGEST));
    }

    private static Command find(String namespace) {
        Command c = new Command();
        c.code = Commands.FIND;
        c.operation = Commands.operation(Commands.FIND);
        c.namespace = namespace;
        return c;
    }

    private static Shape shape(String text) {
        Shape shape = new Shape();
        shape.clear();
        shape.write(bytes(text), 0, text.length());
        return shape;
    }

    @Test
    void givesTheSameStatementForTheSameShape() {
        Statements statements = new Statements();
        DigestTable none = new DigestTable(0);

        for (String name : names()) {
            SqlStatement first = statements.of(none, find("shop"), "orders", shape(" {" + name + ": ?}"));
            SqlStatement again = statements.of(none, find("shop"), "orders", shape(" {" + name + ": ?}"));

            assertThat(first.text()).isEqualTo("find orders {" + name + ": ?}");
            assertThat(first.summary()).isEqualTo("find shop.orders");
            assertThat(again).isSameAs(first);
        }
    }

    @Test
    void tellsStatementsOfOtherCollectionsDatabasesCommandsAndShapesApart() {
        Statements statements = new Statements();
        DigestTable none = new DigestTable(0);
        Command counts = find("shop");
        counts.operation = Commands.operation(Commands.COUNT);

        List<SqlStatement> all = List.of(
                statements.of(none, find("shop"), "orders", shape(" {a: ?}")),
                statements.of(none, find("shop"), "orders", shape(" {b: ?}")),
                statements.of(none, find("shop"), "orders", shape(" {a: ?} ")),
                statements.of(none, find("shop"), "lines", shape(" {a: ?}")),
                statements.of(none, find("test"), "orders", shape(" {a: ?}")),
                statements.of(none, find(null), "orders", shape(" {a: ?}")),
                statements.of(none, counts, "orders", shape(" {a: ?}")));

        assertThat(all.stream().map(SqlStatement::id)).doesNotHaveDuplicates();
    }

    @Test
    void givesTheRightStatementWhereMoreComeThanFit() {
        Statements statements = new Statements();
        DigestTable none = new DigestTable(0);

        List<String> wrong = IntStream.range(0, 4_000)
                .mapToObj(i -> " {a" + i % 1_500 + ": ?}")
                .filter(text -> !statements
                        .of(none, find("shop"), "orders", shape(text))
                        .text()
                        .equals("find orders" + text))
                .toList();

        assertThat(wrong).isEmpty();
    }
}

package dev.weir.http;

/** What tables are called. */
final class TableNames {
    private static final String TABLE = ":table/";

    private TableNames() {}

    /** The name alone, also where the ARN of a table, index or stream is given, as a value or as a key: it names region and account. */
    static String of(String name, Texts texts) {
        if (!name.startsWith("arn:")) {
            return name;
        }
        int from = name.indexOf(TABLE);
        if (from < 0) {
            return "_OTHER";
        }
        from += TABLE.length();
        int slash = name.indexOf('/', from);
        return texts.of(name, from, slash < 0 ? name.length() : slash);
    }
}

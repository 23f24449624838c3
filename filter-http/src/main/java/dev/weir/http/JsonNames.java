package dev.weir.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.async.NonBlockingJsonParser;
import com.fasterxml.jackson.core.sym.ByteQuadsCanonicalizer;

/**
 * Makes Jackson's parsers for bytes that come in pieces. A parser keeps each name of a member that it meets in a table, and hands it on to those after it: what
 * makes known names cheap would keep all that clients make up. So names are counted, in one body, in all that are open, and in what is handed on. On one loop.
 */
final class JsonNames extends JsonFactory {
    private static final long serialVersionUID = 1;

    private static final int DEEPEST = 64;
    /** Longest number; texts are cut down before the parser sees them. */
    private static final int DIGITS = 400;
    /** A longer one ends what is told of a body. */
    private static final int LONGEST_NAME = 200;

    /** New names in one body; more end what is told of it. */
    static final int MOST_NEW = 2_000;
    /** New names in all bodies that are open. */
    static final int MOST_OPEN = 20_000;
    /** Names that are handed on: those that applications have, not those that are data. */
    static final int MOST_KEPT = 1_000;

    private transient ByteQuadsCanonicalizer kept = ByteQuadsCanonicalizer.createRoot();
    private int open;

    JsonNames() {
        super(new JsonFactoryBuilder()
                .disable(Feature.INTERN_FIELD_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(DEEPEST)
                        .maxNumberLength(DIGITS)
                        .maxNameLength(LONGEST_NAME)
                        .build()));
    }

    /** The names of one body, while it is open. */
    final class Table {
        private final ByteQuadsCanonicalizer table;
        private final int known;
        private int counted;

        private Table() {
            if (kept.size() > MOST_KEPT) {
                kept = ByteQuadsCanonicalizer.createRoot();
            }
            table = kept.makeChild(_factoryFeatures);
            known = table.size();
        }

        NonBlockingJsonParser parser() {
            return new NonBlockingJsonParser(_createNonBlockingContext(null), _parserFeatures, table);
        }

        /** Counts those that have come meanwhile; whether there may be so many. */
        boolean isBounded() {
            int met = table.size() - known;
            open += met - counted;
            counted = met;
            return met <= MOST_NEW && open <= MOST_OPEN;
        }

        /** The body is done with. */
        void close() {
            open -= counted;
            counted = 0;
        }
    }

    /** For one body. */
    Table table() {
        return new Table();
    }

    /** What is handed on. */
    int kept() {
        return kept.size();
    }

    /** New names of bodies that are open. */
    int open() {
        return open;
    }
}

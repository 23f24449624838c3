package dev.weir.mysql;

import dev.weir.core.exchange.Exchange;
import dev.weir.core.sql.SqlStatement;

/**
 * Follows the transactions of a connection by the status flags of answers: when one began, how many statements it had, how
 * long the client left it idle.
 */
final class Transactions {
    private static final long NONE = Long.MIN_VALUE;

    private long began = NONE;
    private long statements;
    private long idle;
    private long lastEnd;

    /** Whether one is open. */
    boolean open() {
        return began != NONE;
    }

    /** Forgets the one that is open: its connection was reset. */
    void reset() {
        began = NONE;
    }

    /** A statement was answered at {@code end}: adds what is known to {@code exchange} where it ended a transaction. */
    void answered(Command command, SqlStatement.Kind kind, long end, Exchange exchange) {
        boolean was = open();
        if (was) {
            idle += Math.max(0, command.start - lastEnd);
        }
        lastEnd = end;
        boolean bracket = kind == SqlStatement.Kind.BEGIN
                || kind == SqlStatement.Kind.COMMIT
                || kind == SqlStatement.Kind.ROLLBACK;
        if (was && !bracket) {
            statements++;
        }
        if (!command.statusKnown) {
            return;
        }
        // COMMIT AND CHAIN, or BEGIN within one: the flag stays, but it is another transaction.
        boolean ends = was && (!command.inTransaction || bracket && !command.failed);
        if (ends) {
            exchange.attribute("transaction", outcome(kind));
            exchange.attribute("transaction_us", (end - began) / 1_000);
            exchange.attribute("transaction_idle_us", idle / 1_000);
            exchange.batch = statements;
            began = NONE;
        }
        if (command.inTransaction && !open()) {
            began = command.start;
            statements = bracket ? 0 : 1;
            idle = 0;
        }
    }

    private static String outcome(SqlStatement.Kind kind) {
        return switch (kind) {
            case COMMIT -> "commit";
            case ROLLBACK -> "rollback";
            default -> "implicit";
        };
    }
}

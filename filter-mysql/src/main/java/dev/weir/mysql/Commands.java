package dev.weir.mysql;

import dev.weir.core.exchange.Operation;
import dev.weir.core.exchange.Operations;
import dev.weir.core.protocol.Command.Kind;
import java.util.HashSet;
import java.util.Set;

/** Commands by their byte (MySQL: "Command Phase"; MariaDB: "Text Protocol", "Binary Protocol"). */
final class Commands {
    static final int QUIT = 0x01;
    static final int INIT_DB = 0x02;
    static final int QUERY = 0x03;
    static final int FIELD_LIST = 0x04;
    static final int STATISTICS = 0x09;
    static final int PROCESS_INFO = 0x0a;
    static final int PING = 0x0e;
    static final int TIME = 0x0f;
    static final int CHANGE_USER = 0x11;
    static final int BINLOG_DUMP = 0x12;
    static final int TABLE_DUMP = 0x13;
    static final int STMT_PREPARE = 0x16;
    static final int STMT_EXECUTE = 0x17;
    static final int STMT_SEND_LONG_DATA = 0x18;
    static final int STMT_CLOSE = 0x19;
    static final int STMT_RESET = 0x1a;
    static final int SET_OPTION = 0x1b;
    static final int STMT_FETCH = 0x1c;
    static final int BINLOG_DUMP_GTID = 0x1e;
    static final int RESET_CONNECTION = 0x1f;
    static final int CLONE = 0x20;
    static final int GROUP_REPLICATION_STREAM = 0x21;
    static final int STMT_BULK_EXECUTE = 0xfa;

    /** Not a command: the connection phase. */
    static final int LOGIN = 0x100;

    private static final String[] NAMES = {
        "COM_SLEEP",
        "COM_QUIT",
        "COM_INIT_DB",
        "COM_QUERY",
        "COM_FIELD_LIST",
        "COM_CREATE_DB",
        "COM_DROP_DB",
        "COM_REFRESH",
        "COM_SHUTDOWN",
        "COM_STATISTICS",
        "COM_PROCESS_INFO",
        "COM_CONNECT",
        "COM_PROCESS_KILL",
        "COM_DEBUG",
        "COM_PING",
        "COM_TIME",
        "COM_DELAYED_INSERT",
        "COM_CHANGE_USER",
        "COM_BINLOG_DUMP",
        "COM_TABLE_DUMP",
        "COM_CONNECT_OUT",
        "COM_REGISTER_SLAVE",
        "COM_STMT_PREPARE",
        "COM_STMT_EXECUTE",
        "COM_STMT_SEND_LONG_DATA",
        "COM_STMT_CLOSE",
        "COM_STMT_RESET",
        "COM_SET_OPTION",
        "COM_STMT_FETCH",
        "COM_DAEMON",
        "COM_BINLOG_DUMP_GTID",
        "COM_RESET_CONNECTION",
        "COM_CLONE",
        "COM_SUBSCRIBE_GROUP_REPLICATION_STREAM"
    };

    /** All of them, and the connection phase. */
    static final Operations OPERATIONS;

    /** What is no command. */
    static final Operation OTHER;

    private static final Operation[] BY_CODE = new Operation[LOGIN + 1];

    static {
        Operations.Builder builder = Operations.builder();
        for (int code = 0; code < NAMES.length; code++) {
            BY_CODE[code] = builder.add(NAMES[code], false);
        }
        BY_CODE[STMT_BULK_EXECUTE] = builder.add("COM_STMT_BULK_EXECUTE", false);
        BY_CODE[LOGIN] = builder.add("LOGIN", false);
        OPERATIONS = builder.build();
        OTHER = OPERATIONS.other();
        for (int code = 0; code < BY_CODE.length; code++) {
            if (BY_CODE[code] == null) {
                BY_CODE[code] = OTHER;
            }
        }
    }

    private Commands() {}

    /** The operation of a command byte, or of {@link #LOGIN}. */
    static Operation operation(int code) {
        return BY_CODE[code];
    }

    /** Whether the server sends nothing for it. */
    static boolean silent(int code) {
        return code == QUIT || code == STMT_SEND_LONG_DATA || code == STMT_CLOSE;
    }

    /** What a command is to do; of those that carry a statement that decides. */
    static Kind kind(int code) {
        return switch (code) {
            case LOGIN, CHANGE_USER, QUIT -> Kind.LOGIN;
            case INIT_DB, PING, TIME, SET_OPTION, RESET_CONNECTION, STMT_CLOSE, STMT_RESET -> Kind.SESSION;
            case FIELD_LIST, STATISTICS, PROCESS_INFO -> Kind.READ;
            default -> Kind.WRITE;
        };
    }

    /** Names of all of them. */
    static Set<String> names() {
        Set<String> names = new HashSet<>();
        for (Operation operation : BY_CODE) {
            names.add(operation.name());
        }
        return names;
    }

    /** Whether it runs a statement. */
    static boolean runs(int code) {
        return code == QUERY || code == STMT_EXECUTE || code == STMT_BULK_EXECUTE;
    }

    /** Whether the answer is a stream that goes on for ever. */
    static boolean streams(int code) {
        return code == BINLOG_DUMP
                || code == BINLOG_DUMP_GTID
                || code == TABLE_DUMP
                || code == CLONE
                || code == GROUP_REPLICATION_STREAM;
    }
}

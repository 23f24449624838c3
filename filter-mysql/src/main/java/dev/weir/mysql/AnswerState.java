package dev.weir.mysql;

/** What of an answer comes next. */
enum AnswerState {
    GREETING,
    NOTHING,
    AUTH,
    RESULT,
    COLUMNS,
    COLUMNS_END,
    ROWS,
    PREPARE,
    PARAMETERS,
    PARAMETERS_END,
    PREPARED_COLUMNS,
    PREPARED_COLUMNS_END,
    FIELDS,
    TEXT,
    STREAM,
    SIMPLE;

    /** How the answer to a command begins. */
    static AnswerState of(int code) {
        return switch (code) {
            case Commands.LOGIN, Commands.CHANGE_USER -> AUTH;
            case Commands.QUERY, Commands.STMT_EXECUTE, Commands.STMT_BULK_EXECUTE, Commands.PROCESS_INFO -> RESULT;
            case Commands.STMT_PREPARE -> PREPARE;
            case Commands.STMT_FETCH -> ROWS;
            case Commands.FIELD_LIST -> FIELDS;
            case Commands.STATISTICS -> TEXT;
            default -> Commands.streams(code) ? STREAM : SIMPLE;
        };
    }
}

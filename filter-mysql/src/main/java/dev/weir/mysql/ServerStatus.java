package dev.weir.mysql;

/** Status flags of OK and EOF packets (MySQL: "SERVER_STATUS_flags_enum"). */
final class ServerStatus {
    static final int IN_TRANSACTION = 0x0001;
    static final int MORE_RESULTS = 0x0008;
    static final int NO_GOOD_INDEX = 0x0010;
    static final int NO_INDEX = 0x0020;
    static final int CURSOR_EXISTS = 0x0040;
    static final int NO_BACKSLASH_ESCAPES = 0x0200;
    static final int WAS_SLOW = 0x0800;
    static final int SESSION_STATE_CHANGED = 0x4000;

    private ServerStatus() {}
}

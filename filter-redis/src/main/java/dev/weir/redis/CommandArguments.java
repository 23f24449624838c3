package dev.weir.redis;

import org.jspecify.annotations.Nullable;

/**
 * Reads from the arguments of the running command what matters: a database, a user, a client name, whether it
 * blocks, its channels, its first key where opted in. Passwords are never asked for.
 */
final class CommandArguments implements RequestCursor.Arguments {
    private static final int NEVER = Integer.MAX_VALUE;

    private final Loop loop;
    private final Subscriptions subscriptions;
    private final boolean watchesKeys;

    private CommandInfo info;
    private int count;
    private int value;
    private boolean waits;
    private boolean silent;
    private boolean sampled;
    private boolean hashed;
    private int hashes;
    private @Nullable Note note;

    /** The next argument that is a word of an option. */
    private int optionAt;
    /** What stands behind the option, or 0. */
    private int userAt;

    private int nameAt;
    private boolean wantsKey;
    private int keyAt;
    private int keyCountAt;

    CommandArguments(Loop loop, Subscriptions subscriptions) {
        this.loop = loop;
        this.subscriptions = subscriptions;
        this.watchesKeys = loop.hotKeys != null || loop.settings.keys();
        this.info = loop.table.other();
    }

    /** What the command says: a database, a protocol version, a word of CLIENT REPLY, a number of channels. */
    int value() {
        return value;
    }

    /** Whether it may block. */
    boolean waits() {
        return waits;
    }

    /** Whether it is never answered. */
    boolean silent() {
        return silent;
    }

    /** Whether keys are looked at on this loop, so that {@link #takeNote} may hold one. */
    boolean keyed() {
        return watchesKeys;
    }

    /** Whether its key goes into the table of hot keys. */
    boolean sampled() {
        return sampled;
    }

    /** Whether the channels are remembered. */
    boolean hashed() {
        return hashed;
    }

    /** The texts found, which the caller takes over; or null. */
    @Nullable
    Note takeNote() {
        Note taken = note;
        note = null;
        return taken;
    }

    /** The command ended with {@code arguments} arguments, which an inline one does not tell before. */
    void end(int arguments) {
        if (info.kind == CommandInfo.Kind.AUTH && arguments == 2) {
            release(); // it was the password
        } else if (info.kind.subscribes()) {
            value = arguments - 1;
        }
    }

    /** The command will not be answered as it says: its channels are not expected. */
    void forgetChannels() {
        if (info.kind.subscribes()) {
            subscriptions.unexpect(hashes);
        }
        hashes = 0;
        hashed = false;
    }

    /** Drops what was found of a command that ends nowhere. */
    void release() {
        loop.giveBack(takeNote());
    }

    @Override
    public boolean begin(CommandInfo command, int arguments) {
        info = command;
        count = arguments;
        waits = command.blocking;
        if (command.kind == CommandInfo.Kind.PLAIN && !(watchesKeys && command.readsKeys())) {
            value = 0;
            silent = false;
            sampled = false;
            return false;
        }
        return beginSlowly(command);
    }

    private boolean beginSlowly(CommandInfo command) {
        value = 0;
        silent = false;
        hashes = 0;
        optionAt = NEVER;
        userAt = 0;
        nameAt = 0;
        keyAt = 0;
        keyCountAt = 0;
        hashed = command.kind.subscribes();
        sampled = command.readsKeys() && loop.hotKeys != null && loop.hotKeys.sample();
        wantsKey = command.readsKeys() && (sampled || loop.settings.keys());
        if (wantsKey) {
            KeySpec spec = command.keys.get(0);
            keyAt = command.firstKey;
            keyCountAt = spec.counted() ? spec.index() + spec.last() : 0;
        }
        switch (command.kind) {
            case XREAD, XREADGROUP:
                waits = false;
                optionAt = 1;
                break;
            case HELLO:
                optionAt = 2;
                break;
            case MIGRATE:
                optionAt = wantsKey ? 6 : NEVER;
                break;
            case CLIENT_SETNAME:
                nameAt = 2;
                break;
            case AUTH:
                userAt = 1;
                break;
            default:
        }
        return wantsKey || command.looksAtArguments();
    }

    @Override
    public boolean wants(int index) {
        switch (info.kind) {
            case SELECT, REPLCONF:
                return index == 1;
            case AUTH:
                return index == 1 && count != 2;
            case HELLO:
                return index == 1 || index == optionAt || index == userAt || index == nameAt;
            case CLIENT_SETNAME, CLIENT_REPLY:
                return index == 2;
            case CLIENT_SETINFO:
                return index == 2 || index == nameAt;
            case SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE, UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE:
                return hashed;
            default:
                return index == optionAt || wantsKey && (index == keyAt || index == keyCountAt);
        }
    }

    @Override
    public void argument(int index, byte[] bytes, int n, long length) {
        switch (info.kind) {
            case SELECT:
                value = number(bytes, n);
                break;
            case AUTH:
                note().text.setName(bytes, n);
                break;
            case HELLO:
                hello(index, bytes, n);
                break;
            case CLIENT_SETNAME:
                note().name.setName(bytes, n);
                break;
            case CLIENT_SETINFO:
                setInfo(index, bytes, n);
                break;
            case CLIENT_REPLY:
                value = ReplyMode.word(bytes, n);
                break;
            case REPLCONF:
                silent = silentReplconf(bytes, n);
                break;
            case SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE, UNSUBSCRIBE, PUNSUBSCRIBE, SUNSUBSCRIBE:
                channel(bytes, n, length);
                break;
            default:
                other(index, bytes, n, length);
        }
    }

    private void other(int index, byte[] bytes, int n, long length) {
        if (index == optionAt) {
            option(index, bytes, n);
        } else if (index == keyAt) {
            if (length == 0 && info.kind == CommandInfo.Kind.MIGRATE) {
                return; // the keys stand behind KEYS
            }
            note().text.set(bytes, n, Loop.SCRATCH);
            wantsKey = false;
            optionAt = info.kind == CommandInfo.Kind.MIGRATE ? NEVER : optionAt;
        } else if (index == keyCountAt) {
            KeySpec spec = info.keys.get(0);
            keyAt = number(bytes, n) > 0 ? spec.index() + spec.first() : 0;
            keyCountAt = 0;
        }
    }

    private void option(int index, byte[] bytes, int n) {
        optionAt = index + 1;
        if (info.kind == CommandInfo.Kind.MIGRATE) {
            if (Bytes.equalsIgnoreCase(bytes, n, "KEYS")) {
                keyAt = index + 1;
                optionAt = NEVER;
            } else if (Bytes.equalsIgnoreCase(bytes, n, "AUTH")) {
                optionAt = index + 2;
            } else if (Bytes.equalsIgnoreCase(bytes, n, "AUTH2")) {
                optionAt = index + 3;
            }
        } else if (Bytes.equalsIgnoreCase(bytes, n, "STREAMS")) {
            keyAt = wantsKey ? index + 1 : 0;
            optionAt = NEVER;
        } else if (Bytes.equalsIgnoreCase(bytes, n, "BLOCK")) {
            waits = true;
            optionAt = index + 2;
        } else if (Bytes.equalsIgnoreCase(bytes, n, "COUNT") || Bytes.equalsIgnoreCase(bytes, n, "CLAIM")) {
            optionAt = index + 2;
        } else if (Bytes.equalsIgnoreCase(bytes, n, "GROUP")) {
            optionAt = index + 3;
        }
    }

    private void hello(int index, byte[] bytes, int n) {
        if (index == 1) {
            value = number(bytes, n);
        } else if (index == userAt) {
            note().text.setName(bytes, n);
        } else if (index == nameAt) {
            note().name.setName(bytes, n);
        } else if (Bytes.equalsIgnoreCase(bytes, n, "AUTH")) {
            userAt = index + 1;
            optionAt = index + 3; // the password lies between
        } else if (Bytes.equalsIgnoreCase(bytes, n, "SETNAME")) {
            nameAt = index + 1;
            optionAt = index + 2;
        } else {
            optionAt = NEVER;
        }
    }

    private void setInfo(int index, byte[] bytes, int n) {
        if (index == 2) {
            nameAt = Bytes.equalsIgnoreCase(bytes, n, "LIB-NAME") ? 3 : 0;
        } else {
            note().name.setName(bytes, n);
        }
    }

    private void channel(byte[] bytes, int n, long length) {
        if (subscriptions.expect(Bytes.hash(bytes, n, length))) {
            hashes++;
        } else {
            forgetChannels();
        }
    }

    private Note note() {
        if (note == null) {
            note = loop.borrowNote();
        }
        return note;
    }

    /** Whether REPLCONF with this word is never answered. */
    static boolean silentReplconf(byte[] bytes, int n) {
        return Bytes.equalsIgnoreCase(bytes, n, "ACK") || Bytes.equalsIgnoreCase(bytes, n, "GETACK");
    }

    private static int number(byte[] bytes, int n) {
        long number = PubSub.parse(bytes, n);
        return number > Integer.MAX_VALUE ? -1 : (int) number;
    }
}

package dev.weir.redis;

import org.jspecify.annotations.Nullable;

/** The side of the requests of a {@link Pairing}: which ones wait for an answer, and what they said. */
final class Requests {
    private final OpenCommands commands;
    private final CommandArguments arguments;
    private final ReplyMode mode = new ReplyMode();
    private boolean any;
    private boolean everSubscribed;

    Requests(Loop loop, OpenCommands commands, Subscriptions subscriptions) {
        this.commands = commands;
        this.arguments = new CommandArguments(loop, subscriptions);
    }

    /** Reads the arguments of the running command. */
    CommandArguments arguments() {
        return arguments;
    }

    /** Which commands get an answer. */
    ReplyMode mode() {
        return mode;
    }

    /** Whether there was any command. */
    boolean any() {
        return any;
    }

    /** Whether there was any subscription: then arrays may be messages. */
    boolean everSubscribed() {
        return everSubscribed;
    }

    /** Adds a command that ended; answers whether it is the only open one and will not be answered. */
    boolean add(CommandInfo info, int count, long bytes, long start, long now) {
        if (count == 0) {
            mode.nothingSent();
            return false;
        }
        any = true;
        CommandArguments found = arguments;
        if (info.kind == CommandInfo.Kind.PLAIN && mode.plain() && !found.keyed()) {
            commands.add(info, info.blocking ? PendingRing.WAITS : 0, 0, start, now, bytes, null);
            return false;
        }
        int flags = found.waits() ? PendingRing.WAITS : 0;
        int value = 0;
        Note note = null;
        if (info.kind != CommandInfo.Kind.PLAIN || found.keyed()) {
            found.end(count);
            value = found.value();
            note = found.takeNote();
            flags |= found.sampled() ? PendingRing.SAMPLED : 0;
            if (info.kind == CommandInfo.Kind.CLIENT_REPLY && mode.queues()) {
                flags |= PendingRing.QUEUES;
            }
        }
        boolean silent = !mode.answers(info, count, value) || found.silent();
        mode.sent(info, count, value);
        if (info.kind.subscribes()) {
            flags |= subscribes(silent);
        }
        return add(info, silent ? flags | PendingRing.SILENT : flags, value, start, now, bytes, note);
    }

    private int subscribes(boolean silent) {
        everSubscribed = true;
        if (silent) {
            arguments.forgetChannels();
        }
        return arguments.hashed() ? PendingRing.HASHED : 0;
    }

    /** Adds a command of no arguments that was sent in place of one that was refused; answers as {@link #add}. */
    boolean addInstead(CommandInfo info) {
        any = true;
        boolean silent = !mode.answers(info, 1, ReplyMode.NONE);
        mode.sent(info, 1, ReplyMode.NONE);
        int flags = silent ? PendingRing.STAND_IN | PendingRing.SILENT : PendingRing.STAND_IN;
        return add(info, flags, 0, 0, 0, 0, null);
    }

    private boolean add(CommandInfo info, int flags, int value, long start, long now, long bytes, @Nullable Note note) {
        commands.add(info, flags, value, start, now, bytes, note);
        return (flags & PendingRing.SILENT) != 0 && commands.size() == 1;
    }
}

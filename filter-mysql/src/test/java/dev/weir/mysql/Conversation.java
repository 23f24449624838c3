package dev.weir.mysql;

import dev.weir.core.filter.Direction;
import dev.weir.core.testkit.WireScript;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A recorded conversation, cut into commands and their answers by the sequence numbers of packets, or of frames, alone: a command begins
 * with 0, its answer with 1, or, where a packet of the client came between, goes on.
 */
final class Conversation {
    /** What belongs to no command: the login, and what a server says unasked. */
    static final int NONE = -1;

    /**
     * Bytes of one burst that belong together.
     *
     * @param burst number of the burst
     * @param command number of the command that they are of, or that they answer, or {@link #NONE}
     */
    record Piece(int burst, Direction direction, int command, String bytes) {}

    private final WireScript script;
    private final boolean compressed;
    private final List<String> names;
    private final List<Piece> pieces = new ArrayList<>();

    private final Cut client = new Cut();
    private final Cut server = new Cut();
    private int commands;
    private int answers = NONE;

    /** How far one side's stream was cut. */
    private static final class Cut {
        int left;
        int sequence = -1;
        int command = NONE;
    }

    /** {@code names} are those of its commands, in order, with {@code compressed} frames instead of packets behind the login. */
    Conversation(WireScript script, List<String> names) {
        this.script = script;
        this.names = List.copyOf(names);
        this.compressed = script.name().matches(".*(zlib|zstd).*");
        for (int i = 0; i < script.bursts().size(); i++) {
            WireScript.Burst burst = script.bursts().get(i);
            cut(i, burst.direction(), new String(burst.bytes(), StandardCharsets.ISO_8859_1));
        }
        if (commands != names.size()) {
            throw new IllegalStateException(script + " has " + commands + " commands by its packets, of " + names);
        }
    }

    private void cut(int burst, Direction direction, String bytes) {
        boolean up = direction == Direction.TO_UPSTREAM;
        Cut cut = up ? client : server;
        int from = 0;
        int command = cut.command;
        for (int at = 0; at < bytes.length(); ) {
            if (cut.left == 0) {
                next(cut, up, bytes, at);
                if (cut.command != command && at > from) {
                    pieces.add(new Piece(burst, direction, command, bytes.substring(from, at)));
                    from = at;
                }
                command = cut.command;
            }
            int n = Math.min(cut.left, bytes.length() - at);
            cut.left -= n;
            at += n;
        }
        pieces.add(new Piece(burst, direction, command, bytes.substring(from)));
    }

    /** A packet or frame begins. */
    private void next(Cut cut, boolean up, String bytes, int at) {
        int sequence = bytes.charAt(at + 3);
        int before = cut.sequence;
        cut.sequence = sequence;
        if (up && sequence == 0) {
            cut.command = commands++;
        } else if (!up && commands > 0 && sequence == 0 && before != 255) {
            cut.command = NONE;
        } else if (!up && commands > 0 && sequence == 1 && before != 0) {
            do {
                answers++;
            } while (silent(answers));
            cut.command = answers;
        }
        int header = compressed && commands > 0 ? 7 : 4;
        cut.left = header + (bytes.charAt(at) | bytes.charAt(at + 1) << 8 | bytes.charAt(at + 2) << 16);
    }

    String name(int command) {
        return names.get(command);
    }

    List<String> names() {
        return names;
    }

    boolean compressed() {
        return compressed;
    }

    boolean mariadb() {
        return script.name().contains("-mariadb1");
    }

    /** Whether the client expects a SQLSTATE in errors. */
    boolean states() {
        return !script.name().startsWith("login-320");
    }

    /** Whether a command gets no answer. */
    boolean silent(int command) {
        return command < names.size() && names.get(command).matches("COM_QUIT|COM_STMT_CLOSE|COM_STMT_SEND_LONG_DATA");
    }

    List<Piece> pieces() {
        return List.copyOf(pieces);
    }

    @Override
    public String toString() {
        return script.name();
    }
}

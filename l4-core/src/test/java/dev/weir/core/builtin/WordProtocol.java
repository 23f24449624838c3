package dev.weir.core.builtin;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.config.ConfigNode;
import dev.weir.core.filter.Connection;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterEnvironment;
import dev.weir.core.filter.PerLoop;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.protocol.CommandSet;
import dev.weir.core.protocol.Detection;
import dev.weir.core.protocol.Protocol;
import dev.weir.core.protocol.Refusal;
import dev.weir.core.protocol.SniffException;
import dev.weir.core.protocol.Sniffer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A toy whose commands say all about themselves: a line {@code NAME KIND namespace user STATEMENT}, {@code -} for null; each is
 * answered by a line. What has no five words cannot be cut.
 */
final class WordProtocol implements Protocol {
    private final boolean users;

    WordProtocol(boolean users) {
        this.users = users;
    }

    @Override
    public String name() {
        return "words";
    }

    @Override
    public List<String> aliases() {
        return List.of("w");
    }

    @Override
    public String statsFilter() {
        return "words_stats";
    }

    @Override
    public int defaultPort() {
        return 1;
    }

    @Override
    public PerLoop<Sniffer> sniffer(ConfigNode config, FilterEnvironment environment) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Detection detect(Direction direction, ByteBuf first) {
        return Detection.NO;
    }

    @Override
    public CommandSet commands() {
        return new CommandSet(
                Set.of("GET", "GETEX", "SET", "CONFIG", "CONFIG SET", "QUERY", "AUTH", "_OTHER"),
                users ? Set.of("SELECT", "DROP", "_OTHER") : Set.of(),
                users,
                Map.of(Refusal.DENIED, "NOPERM", Refusal.FAULT, "FAULT"));
    }

    @Override
    public CommandFramer framer(Connection connection, Inflaters inflaters) {
        return new Framer();
    }

    private static final class Framer implements CommandFramer, Command {
        private String[] words = {};
        private boolean inCommand;
        private int length;

        private int line(ByteBuf data) {
            return data.indexOf(data.readerIndex(), data.writerIndex(), (byte) '\n') + 1 - data.readerIndex();
        }

        @Override
        public Step request(ByteBuf data) {
            int n = line(data);
            if (n <= 0) {
                return Step.MORE;
            }
            if (inCommand) {
                inCommand = false;
                length = n;
                return Step.END;
            }
            words = data.toString(data.readerIndex(), n - 1, StandardCharsets.US_ASCII)
                    .split(" ", -1);
            if (words.length != 5) {
                throw new SniffException("words");
            }
            return Step.HEAD;
        }

        @Override
        public Step answer(ByteBuf data) {
            length = line(data);
            return length <= 0 ? Step.MORE : Step.END;
        }

        @Override
        public boolean betweenAnswers() {
            return true;
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        public Command command() {
            return this;
        }

        @Override
        public int decided(boolean upstream) {
            inCommand = true;
            return 1;
        }

        @Override
        public ByteBuf error(ByteBufAllocator allocator, @Nullable String code, String message) {
            return ByteBufUtil.writeAscii(allocator, code + " " + message + "\n");
        }

        private @Nullable String word(int i) {
            return words[i].equals("-") ? null : words[i];
        }

        @Override
        public String name() {
            return words[0].replace('_', ' ').replace(" OTHER", "_OTHER");
        }

        @Override
        public Kind kind() {
            return Kind.valueOf(words[1]);
        }

        @Override
        public boolean readOnly() {
            return kind() == Kind.READ;
        }

        @Override
        public @Nullable String namespace() {
            return word(2);
        }

        @Override
        public @Nullable String user() {
            return word(3);
        }

        @Override
        public @Nullable String statement() {
            return word(4);
        }
    }
}

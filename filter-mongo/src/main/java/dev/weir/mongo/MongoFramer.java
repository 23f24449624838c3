package dev.weir.mongo;

import dev.weir.core.compress.Inflaters;
import dev.weir.core.protocol.Command;
import dev.weir.core.protocol.CommandFramer;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Cuts one connection into requests and answers for the command gate.
 *
 * <p>What a policy is told of a request:
 *
 * <ul>
 *   <li>the command, from a closed set; of legacy opcodes the command they stand for ({@code insert}, {@code getMore}, …);
 *   <li>the namespace: {@code $db}, or the database of the collection a legacy message names. Null if there is none, if it is not
 *       among the first {@value #LOOK} bytes, and of commands that may name other databases in their fields, which are not looked
 *       for: {@code bulkWrite}, {@code renameCollection}, {@code aggregate} with {@code $out} or {@code $merge}, and the like. A
 *       policy that refuses by namespace has to refuse null, too;
 *   <li>whether it only reads: {@link CommandNames.Entry#reads}; {@code aggregate} if its pipeline was seen and neither
 *       {@code $out} nor {@code $merge} is in it.
 * </ul>
 *
 * <p>A message of up to {@value #LOOK} bytes is held until its command and database are known; of a longer one that many
 * bytes decide, and a command that is not among them makes the stream one that cannot be cut, unless sequences of documents in
 * front of it tell it. What comes further back in the message must not contradict: the walk goes on to its end, whose
 * bytes the upstream gets only if all of it was in order. So it does in compressed messages of up to {@value #LOOK} inflated
 * bytes; of longer ones only so much is inflated and looked at.
 *
 * <p>A refused command leaves no trace upstream; a transaction in which one was refused stays as it was.
 */
final class MongoFramer implements CommandFramer, Command {
    /** Bytes of a body, inflated, that are looked at before the decision. */
    static final int LOOK = 64 << 10;

    /** Compressed bytes that may be held for so many inflated ones: a block of zstd (128 KiB), which comes out whole. */
    static final int LONGEST = 136 << 10;

    private static final int FIRST_TRY = 8 << 10;
    private static final int TLS_HANDSHAKE = 0x16;
    private static final int TLS_MAJOR = 3;

    /** What was inflated, for the running call only. */
    private static final FastThreadLocal<ByteBuf> INFLATED = new FastThreadLocal<>() {
        @Override
        protected ByteBuf initialValue() {
            return Unpooled.wrappedBuffer(new byte[LOOK]);
        }
    };

    private final Inflating inflating;
    private final RequestHead head = new RequestHead();
    private final OpenRequests open = new OpenRequests();
    private final AnswerFramer answers;
    private int length;
    private int ownId;

    /** The request under way: its size, what of it is still to come, what of it was walked. */
    private boolean begun;

    private int size;
    private int left;
    private int walked;
    private int id;
    private int nextTry;
    private boolean compressed;
    private boolean told;
    private CommandNames.Entry entry = CommandNames.OTHER;
    private @Nullable String namespace;
    private boolean reads;

    MongoFramer(Inflaters inflaters) {
        this.inflating = new Inflating(inflaters);
        this.answers = new AnswerFramer(open, inflating);
    }

    // ---- requests

    @Override
    public Step request(ByteBuf data) {
        length = 0;
        if (left == 0) {
            if (data.readableBytes() < Wire.HEADER) {
                return Step.MORE;
            }
            if (!header(data, data.readerIndex())) {
                return Step.OPAQUE;
            }
        }
        if (!told) {
            int available = Math.min(data.readableBytes(), size);
            boolean known = compressed ? walkCompressed(data, available) : walk(data, available);
            if (known) {
                tell();
            }
            return known ? Step.HEAD : Step.MORE;
        }
        return pass(data);
    }

    /** Reads a header; false if there is TLS instead. By its opcode, as the length of a message may look like TLS. */
    private boolean header(ByteBuf data, int from) {
        size = data.getIntLE(from);
        int opcode = data.getIntLE(from + 12);
        boolean sized = size > Wire.HEADER && size <= Wire.MAX_MESSAGE;
        if (!sized || !Wire.isRequest(opcode)) {
            if (!begun && data.getByte(from) == TLS_HANDSHAKE && data.getByte(from + 1) == TLS_MAJOR) {
                return false;
            }
            throw new SniffException(sized ? "opcode" : "length");
        }
        begun = true;
        id = data.getIntLE(from + 4);
        left = size;
        told = false;
        walked = Wire.HEADER;
        nextTry = FIRST_TRY;
        compressed = opcode == Wire.OP_COMPRESSED;
        if (!compressed) {
            head.begin(opcode, size - Wire.HEADER);
        }
        return true;
    }

    /** Walks the first {@code available} bytes; true if they, or as many as may be held, tell enough. */
    private boolean walk(ByteBuf data, int available) {
        int to = Math.min(available, Wire.HEADER + LOOK);
        int from = data.readerIndex();
        head.feed(data, from + walked, from + to);
        walked = to;
        if (to == size) {
            head.end();
        }
        return head.known() || to == size || to == Wire.HEADER + LOOK;
    }

    private boolean walkCompressed(ByteBuf data, int available) {
        if (available < Math.min(size, Inflating.HEADER)) {
            return false;
        }
        if (size <= Inflating.HEADER) {
            throw new SniffException("compression");
        }
        int at = data.readerIndex();
        int inside = Inflating.size(data, at);
        if (inside <= LOOK && size > LONGEST) {
            throw new SniffException("compression");
        }
        boolean whole = available == size;
        boolean enough = whole || available >= LONGEST;
        if (!enough && (inside <= LOOK || available < nextTry)) {
            return false;
        }
        nextTry = 2 * available;
        ByteBuf out = INFLATED.get().clear();
        head.begin(Inflating.opcode(data, at), inside);
        int n = inflating.inflate(data, at, available, whole, LOOK, out);
        head.feed(out, 0, n);
        if (n == inside) {
            head.end();
        } else if (whole && n < LOOK) {
            throw new SniffException("compression");
        }
        return n == LOOK || enough;
    }

    private void tell() {
        CommandNames.Entry command = head.command();
        if (command == null && !compressed) {
            command = head.byItsSequences();
        }
        if (command == null) {
            throw new SniffException("section");
        }
        entry = command;
        namespace = head.database();
        reads = head.reads();
        told = true;
    }

    private Step pass(ByteBuf data) {
        int n = Math.min(data.readableBytes(), left);
        int passed = size - left;
        int from = data.readerIndex();
        if (!compressed && passed + n > walked) {
            head.feed(data, from + walked - passed, from + n);
            walked = passed + n;
            if (walked == size) {
                head.end();
            }
        }
        left -= n;
        length = n;
        return left == 0 ? Step.END : Step.PART;
    }

    @Override
    public Command command() {
        return this;
    }

    @Override
    public String name() {
        return entry.name();
    }

    @Override
    public @Nullable String namespace() {
        // An aggregate that writes, writes where its last stage says.
        boolean confined = entry.confined() && (entry != CommandNames.AGGREGATE || reads);
        return confined ? namespace : null;
    }

    @Override
    public Kind kind() {
        return entry == CommandNames.AGGREGATE && !reads ? Kind.WRITE : entry.kind();
    }

    /** Unknown: what {@code mongo_stats} shows is whom the client asked mechanisms for, and it may log in as another one. */
    @Override
    public @Nullable String user() {
        return null;
    }

    @Override
    public boolean readOnly() {
        return reads;
    }

    @Override
    public int decided(boolean upstream) {
        if (!head.answered()) {
            return 0;
        }
        if (upstream) {
            boolean hello = entry == CommandNames.HELLO || entry == CommandNames.IS_MASTER;
            open.add(id, (head.exhaust() ? OpenRequests.EXHAUST : 0) | (hello ? OpenRequests.HELLO : 0));
        }
        return 1;
    }

    @Override
    public ByteBuf error(ByteBufAllocator allocator, @Nullable String code, String message) {
        if (!head.answered()) {
            return Unpooled.EMPTY_BUFFER;
        }
        ErrorAnswer.Request refused = new ErrorAnswer.Request(head.opcode(), head.legacyQuery(), id, ++ownId);
        return ErrorAnswer.to(allocator, refused, code, message);
    }

    @Override
    public int longestHead() {
        return LONGEST;
    }

    // ---- answers

    @Override
    public Step answer(ByteBuf data) {
        Step step = answers.step(data);
        length = answers.length();
        return step;
    }

    @Override
    public boolean anyOrder() {
        return true;
    }

    @Override
    public int answered() {
        return answers.place();
    }

    @Override
    public boolean betweenAnswers() {
        return answers.atBoundary() && !open.streams();
    }

    @Override
    public boolean idle() {
        return answers.atBoundary() && !open.streamsData();
    }

    @Override
    public int length() {
        return length;
    }
}

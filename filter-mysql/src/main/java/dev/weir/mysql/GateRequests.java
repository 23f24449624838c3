package dev.weir.mysql;

import dev.weir.core.compress.Inflaters.Format;
import dev.weir.core.protocol.CommandFramer.Step;
import dev.weir.core.protocol.SniffException;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The client's side of a connection at a command gate: finds where commands begin and end, and tells them from what belongs to a
 * login or is a file.
 *
 * <pre>
 *   size u3 · sequence u1 · payload, which goes on in the next packet if it has 0xFFFFFF bytes
 * </pre>
 */
final class GateRequests {
    private static final int TLS_HANDSHAKE = 0x16;
    /** Characters of a user's name that all servers take. */
    private static final int LONGEST_USER = 32;

    private final Loop loop;
    private final Session session;
    private final GateAnswers answers;
    private final GateHead head;

    /** What the payload is whose bytes pass: {@link Step#NEUTRAL}, {@link Step#PART} of a command, or null between two. */
    private Step part = Step.NEUTRAL;

    private @Nullable GateFrames frames;
    /** The client has asked for TLS. */
    private boolean tlsAsked;

    private boolean within;
    private int left;
    private boolean goesOn;
    private int packets;
    private int length;

    GateRequests(Loop loop, Session session, GateAnswers answers, GateHead head) {
        this.loop = loop;
        this.session = session;
        this.answers = answers;
        this.head = head;
    }

    int length() {
        return length;
    }

    /** From the next byte on. */
    void compressed(Format format) {
        frames = new GateFrames(loop, format, answers);
    }

    /** Frames of the last command: its answer begins with the one of this sequence number. -1 without compression. */
    int frames() {
        return frames == null ? -1 : frames.frames();
    }

    /** The connection has ended. */
    void close() {
        if (frames != null) {
            frames.release();
        }
    }

    /** Packets of the last command: its answer's begin with this sequence number. */
    int packets() {
        return packets;
    }

    Step step(ByteBuf data) {
        length = 0;
        if (answers.endless()) {
            return Step.OPAQUE;
        }
        if (within) {
            return pass(data);
        }
        Step found = begin(data);
        if (found == Step.PART || found == Step.NEUTRAL || found == Step.HEAD) {
            part = found == Step.NEUTRAL ? Step.NEUTRAL : Step.PART;
            within = true;
            left = 0;
            packets = 0;
            goesOn = true;
        }
        return found == Step.NEUTRAL ? pass(data) : found;
    }

    /** What begins there: {@link Step#HEAD}, {@link Step#NEUTRAL}, or that it is not known yet. */
    private Step begin(ByteBuf data) {
        int from = data.readerIndex();
        int n = data.readableBytes();
        if (n == 0) {
            return Step.MORE;
        }
        if (answers.greets()) {
            // In this protocol the server speaks first.
            throw new SniffException(data.getByte(from) == TLS_HANDSHAKE ? "encrypted" : "greeting");
        }
        Command login = answers.awaitsLogin();
        if (login != null) {
            return n < PacketReader.HEADER ? Step.MORE : login(data, data.getUnsignedMediumLE(from), login);
        }
        boolean file = answers.readsFile();
        if (frames != null) {
            frames.begin(file);
        }
        if (file) {
            return file(data);
        }
        if (answers.authenticates()) {
            // Nothing but what the server has asked for: it might take what comes after the login for a command.
            return answers.takeAuthenticationAsked() ? Step.NEUTRAL : Step.WAIT;
        }
        if (answers.holds()) {
            return Step.WAIT;
        }
        return frames == null ? plain(data) : compressed(data, frames);
    }

    private Step file(ByteBuf data) {
        if (frames == null) {
            if (data.readableBytes() < PacketReader.HEADER) {
                return Step.MORE;
            }
            if (data.getUnsignedMediumLE(data.readerIndex()) == 0) {
                answers.fileEnds();
            }
        }
        return Step.NEUTRAL;
    }

    private Step plain(ByteBuf data) {
        int from = data.readerIndex();
        if (data.readableBytes() < PacketReader.HEADER) {
            return Step.MORE;
        }
        int size = data.getUnsignedMediumLE(from);
        if (size == 0 || data.getByte(from + 3) != 0) {
            throw new SniffException("sequence");
        }
        int look = Math.min(size, GateHead.LOOK);
        if (data.readableBytes() - PacketReader.HEADER < look) {
            return Step.MORE;
        }
        data.getBytes(from + PacketReader.HEADER, loop.window, 0, look);
        return head.read(loop.window, look, size) ? Step.HEAD : Step.WAIT;
    }

    private Step compressed(ByteBuf data, GateFrames in) {
        int look = in.peek(data) - PacketReader.HEADER;
        if (look < -PacketReader.HEADER) {
            return Step.MORE;
        }
        byte[] a = loop.inflated;
        int size = (a[0] & 0xff) | (a[1] & 0xff) << 8 | (a[2] & 0xff) << 16;
        if (look <= 0 || size == 0) {
            throw new SniffException("frames");
        }
        int n = Math.min(look, size);
        System.arraycopy(a, PacketReader.HEADER, loop.window, 0, n);
        return head.read(loop.window, n, size) ? Step.HEAD : Step.WAIT;
    }

    private Step login(ByteBuf data, int size, Command login) {
        if (tlsAsked && Handshake.isTls(data.getUnsignedByte(data.readerIndex() + 3), size)) {
            throw new SniffException("encrypted");
        }
        int look = Math.min(size, Handshake.MOST);
        if (data.readableBytes() - PacketReader.HEADER < look) {
            return Step.MORE;
        }
        data.getBytes(data.readerIndex() + PacketReader.HEADER, loop.window, 0, look);
        Payload p = loop.payload.of(loop.window, 0, look);
        if (!tlsAsked && Handshake.asksForTls(p, size)) {
            tlsAsked = true;
            return Step.NEUTRAL;
        }
        Handshake.response(p, session, login);
        login.user = asServersTake(login.user);
        login.user = Handshake.present(loop, login.user);
        login.app = Handshake.present(loop, login.app);
        login.schema = Handshake.present(loop, login.schema);
        session.several(session.can(Capability.MULTI_STATEMENTS));
        answers.loginSent();
        return Step.NEUTRAL;
    }

    /** Servers take quotes off, and some cut off what is longer than they allow: then nobody knows who it is. */
    private static @Nullable String asServersTake(@Nullable String user) {
        if (user == null || user.length() > LONGEST_USER) {
            return null;
        }
        boolean quoted = user.length() > 1 && user.startsWith("'") && user.endsWith("'");
        return quoted ? user.substring(1, user.length() - 1) : user;
    }

    /** Goes over what there is of the payload. */
    private Step pass(ByteBuf data) {
        if (frames != null) {
            length = frames.pass(data);
            within = !frames.done();
            packets = frames.packets();
            return passed();
        }
        int from = data.readerIndex();
        int to = data.writerIndex();
        int i = from;
        while (within) {
            if (left == 0 && goesOn) {
                if (to - i < PacketReader.HEADER) {
                    break;
                }
                left = data.getUnsignedMediumLE(i);
                goesOn = left == PacketReader.FULL;
                packets++;
                i += PacketReader.HEADER;
            }
            int n = Math.min(left, to - i);
            i += n;
            left -= n;
            within = left > 0 || goesOn;
            if (left > 0) {
                break;
            }
        }
        length = i - from;
        return passed();
    }

    private Step passed() {
        if (within && length == 0) {
            return Step.MORE;
        }
        return part == Step.NEUTRAL || within ? part : Step.END;
    }
}

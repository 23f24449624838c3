package dev.weir.mysql;

import dev.weir.core.cluster.Conversation;
import dev.weir.core.cluster.HealthCheck.Health;
import dev.weir.mysql.MysqlHealthCheck.User;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Promise;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The conversation of one {@link MysqlHealthCheck}: packet by packet, each {@code length(3) sequence(1) payload}. On the
 * event loop of its channel.
 */
final class HealthTalk extends ChannelInboundHandlerAdapter {
    private static final int HEAD = 4;
    private static final int SALT = 20;
    private static final int OK = 0x00;
    private static final int MORE_DATA = 0x01;
    private static final int PROTOCOL_10 = 0x0a;
    private static final int SWITCH = 0xfe;
    private static final int ERROR = 0xff;
    private static final int FAST = 3;
    private static final int FULL = 4;
    private static final int ASK_FOR_KEY = 2;
    private static final int QUIT = 1;
    private static final int UTF8 = 45;
    /** Protocol 4.1, scrambles with their length, plugins. */
    private static final int CAPABILITIES =
            (int) (Capability.PROTOCOL_41 | Capability.SECURE_CONNECTION | Capability.PLUGIN_AUTH);

    private final Promise<Health> result;
    private final @Nullable User user;
    private @Nullable ByteBuf received;
    private int seen;
    private boolean greeted;
    private byte[] salt = {};

    HealthTalk(Promise<Health> result, @Nullable User user) {
        this.result = result;
        this.user = user;
    }

    private void fail(String reason) {
        result.trySuccess(Health.no(reason));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        // On the heap: a proxy that ends may end its event loops before they remove this handler.
        received = Unpooled.buffer(512, MysqlHealthCheck.MAX_BYTES);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        ByteBuf buffer = received;
        received = null;
        if (buffer != null) {
            buffer.release();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf data = (ByteBuf) message;
        try {
            take(context, data);
        } catch (IndexOutOfBoundsException e) {
            end(context, "a packet ends too early");
        } catch (GeneralSecurityException e) {
            end(context, "log-in: " + e.getMessage());
        } finally {
            data.release();
        }
    }

    private void take(ChannelHandlerContext context, ByteBuf data) throws GeneralSecurityException {
        ByteBuf buffer = received;
        if (buffer == null || result.isDone()) {
            return;
        }
        seen += data.readableBytes();
        if (seen > MysqlHealthCheck.MAX_BYTES) {
            end(context, "more than " + MysqlHealthCheck.MAX_BYTES + " bytes");
            return;
        }
        buffer.writeBytes(data);
        while (buffer.readableBytes() >= HEAD && !result.isDone()) {
            int length = buffer.getUnsignedMediumLE(buffer.readerIndex());
            if (length == 0 || length > MysqlHealthCheck.MAX_BYTES - HEAD) {
                end(context, "a packet of " + length + " bytes: not MySQL");
                return;
            }
            if (buffer.readableBytes() < HEAD + length) {
                return;
            }
            int sequence = buffer.getUnsignedByte(buffer.readerIndex() + 3);
            packet(context, sequence, buffer.skipBytes(HEAD).readSlice(length));
        }
    }

    private void packet(ChannelHandlerContext context, int sequence, ByteBuf payload) throws GeneralSecurityException {
        int first = payload.readUnsignedByte();
        if (first == ERROR) {
            end(context, error(payload));
        } else if (!greeted) {
            greeting(context, sequence, first, payload);
        } else if (first == OK) {
            ByteBuf quit = context.alloc().buffer(HEAD + 1);
            quit.writeMediumLE(1).writeByte(0).writeByte(QUIT);
            context.writeAndFlush(quit); // before the result, which closes
            result.trySuccess(Health.OK);
        } else if (first == SWITCH) {
            switchTo(context, sequence, payload);
        } else if (first == MORE_DATA) {
            moreData(context, sequence, payload);
        } else {
            end(context, "log-in: a packet of kind " + first);
        }
    }

    private static String error(ByteBuf payload) {
        int number = payload.readUnsignedShortLE();
        // The SQL state: a mark and five letters, which is not there before the log-in.
        if (payload.isReadable() && payload.getByte(payload.readerIndex()) == '#') {
            payload.skipBytes(Math.min(6, payload.readableBytes()));
        }
        return number + " " + payload.toString(StandardCharsets.UTF_8);
    }

    private void greeting(ChannelHandlerContext context, int sequence, int first, ByteBuf payload)
            throws GeneralSecurityException {
        if (first != PROTOCOL_10 || sequence != 0) {
            end(context, "a greeting of protocol " + first + ": not MySQL");
            return;
        }
        zeroEnded(payload); // the version
        greeted = true;
        payload.skipBytes(4); // the thread
        byte[] head = new byte[8];
        payload.readBytes(head);
        User login = user;
        if (login == null) {
            result.trySuccess(Health.OK);
            return;
        }
        payload.skipBytes(19); // capabilities, character set, status, length of the salt, reserved
        salt = Arrays.copyOf(head, SALT);
        payload.readBytes(salt, head.length, SALT - head.length);
        payload.skipBytes(1);
        String plugin = payload.isReadable() ? zeroEnded(payload) : Scramble.NATIVE;
        // A plugin unknown here may not be that of this user: the server then asks to switch.
        byte[] scramble = Scramble.of(plugin, password(login), salt);
        reply(context, login, scramble != null ? plugin : Scramble.NATIVE, scramble != null ? scramble : new byte[0]);
    }

    private static byte[] password(User login) {
        return Scramble.bytes(login.password());
    }

    private static String zeroEnded(ByteBuf payload) {
        int length = payload.bytesBefore((byte) 0);
        if (length < 0) {
            length = payload.readableBytes();
        }
        String text = payload.readCharSequence(length, StandardCharsets.UTF_8).toString();
        if (payload.isReadable()) {
            payload.skipBytes(1);
        }
        return text;
    }

    private static void reply(ChannelHandlerContext context, User login, String plugin, byte[] scramble) {
        ByteBuf body = context.alloc().buffer();
        body.writeIntLE(CAPABILITIES).writeIntLE(1 << 24).writeByte(UTF8).writeZero(23);
        body.writeBytes(Scramble.bytes(login.name())).writeByte(0);
        body.writeByte(scramble.length).writeBytes(scramble);
        body.writeBytes(Scramble.bytes(plugin)).writeByte(0);
        send(context, 1, body);
    }

    private static void send(ChannelHandlerContext context, int sequence, ByteBuf body) {
        ByteBuf head = context.alloc().buffer(HEAD);
        head.writeMediumLE(body.readableBytes()).writeByte(sequence);
        context.write(head);
        context.writeAndFlush(body);
    }

    private static void send(ChannelHandlerContext context, int sequence, byte[] body) {
        send(context, sequence, context.alloc().buffer(Math.max(1, body.length)).writeBytes(body));
    }

    private void switchTo(ChannelHandlerContext context, int sequence, ByteBuf payload)
            throws GeneralSecurityException {
        String plugin = zeroEnded(payload);
        if (user == null || payload.readableBytes() < SALT) {
            end(
                    context,
                    "log-in: the server wants " + plugin + " (expected: " + Scramble.NATIVE + " or " + Scramble.SHA2
                            + ")");
            return;
        }
        payload.readBytes(salt);
        byte[] scramble = Scramble.of(plugin, password(user), salt);
        if (scramble == null) {
            end(
                    context,
                    "log-in: the server wants " + plugin + " (expected: " + Scramble.NATIVE + " or " + Scramble.SHA2
                            + ")");
            return;
        }
        send(context, sequence + 1, scramble);
    }

    /** Of {@code caching_sha2_password}: known already, or to be sent sealed with the server's key. */
    private void moreData(ChannelHandlerContext context, int sequence, ByteBuf payload)
            throws GeneralSecurityException {
        if (user == null) {
            return;
        }
        int kind = payload.readableBytes() == 1 ? payload.getByte(payload.readerIndex()) : 0;
        if (kind == FULL) {
            send(context, sequence + 1, new byte[] {ASK_FOR_KEY});
        } else if (kind != FAST) {
            String pem = payload.toString(StandardCharsets.US_ASCII);
            send(context, sequence + 1, Scramble.sealed(password(user), salt, pem));
        }
    }

    private void end(ChannelHandlerContext context, String reason) {
        fail(reason);
        context.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        fail(greeted ? "closed during the log-in" : "closed without a greeting");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        end(context, Conversation.message(cause));
    }
}

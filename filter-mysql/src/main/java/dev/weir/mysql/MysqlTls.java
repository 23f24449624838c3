package dev.weir.mysql;

import dev.weir.core.filter.CloseReason;
import dev.weir.core.filter.ConnectionAttribute;
import dev.weir.core.filter.Direction;
import dev.weir.core.filter.FilterContext;
import dev.weir.core.filter.NetworkFilter;
import dev.weir.core.filter.Side;
import dev.weir.core.tls.TlsClient;
import dev.weir.core.tls.TlsHandler;
import dev.weir.core.tls.TlsServer;
import dev.weir.core.tls.TlsSession;
import io.netty.buffer.ByteBuf;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The log-in of one connection, where TLS begins: each side has numbers of its own for its packets, and may be encrypted or not.
 *
 * <pre>
 *   GREETING ─▶ RESPONSE ⇄ TLS with the client
 *                  └─▶ [TLS with the server] LOGIN ──OK, ERR──▶ DONE
 *                                                  └──OK──▶ COMMANDS ⇄ CHANGE: where only one side is encrypted
 * </pre>
 *
 * In LOGIN and CHANGE packets of both sides are taken one by one and written again with the other side's next number; afterwards bytes pass.
 */
final class MysqlTls implements NetworkFilter, LoginProof.Owner {
    /** Longest packet of a log-in: attributes of a client may have 64 KiB, and so may a ticket of Kerberos. */
    static final int MOST = 72 << 10;

    /** As addresses of Unix sockets begin: clients and servers take these for safe, as they do TLS. */
    private static final String UNIX = "unix";

    private enum State {
        /** The server is to speak. */
        GREETING,
        /** The client is to answer its greeting, or to ask for TLS. */
        RESPONSE,
        /** Until the server's verdict. */
        LOGIN,
        /** Commands, among which one may begin another log-in. */
        COMMANDS,
        /** COM_CHANGE_USER, until the server's verdict. */
        CHANGE,
        /** Bytes pass. */
        DONE,
        /** The server has refused before anything was agreed on: nobody needs what the client still says. */
        OVER,
        /** Nothing does. */
        CLOSED
    }

    private final TlsSettings settings;
    private final TlsSettings.Handshakes handshakes;
    private final CommandWatch watch = new CommandWatch();
    private @Nullable LoginWire wire;
    private State state = State.GREETING;

    private boolean serverOffersTls;
    private boolean offersTls;
    private boolean clientSecure;
    private boolean serverSecure;
    /** Only one side may see passwords. */
    private boolean uneven;

    /** What the server can; then what both sides can. */
    private long capabilities;

    private String plugin = "";
    private byte[] nonce = {};

    /** Whether the client may send a packet: since its last one the server has. */
    private boolean clientMay = true;

    private boolean delivered;
    private @Nullable TlsHandler clientHandler;
    private @Nullable LoginProof proof;

    MysqlTls(TlsSettings settings, TlsSettings.Handshakes handshakes) {
        this.settings = settings;
        this.handshakes = handshakes;
    }

    @Override
    public Opening onOpen(FilterContext opened) {
        wire = new LoginWire(opened);
        opened.holdUpTo(MOST + PacketReader.HEADER);
        return Opening.PROCEED;
    }

    @Override
    public int onData(FilterContext ctx, Direction direction, ByteBuf data) {
        if (state == State.DONE) {
            return data.readableBytes();
        }
        return direction == Direction.TO_UPSTREAM ? fromClient(data) : fromServer(data);
    }

    @Override
    public void onEndOfStream(FilterContext ctx, Direction direction) {
        if (ctx.held(direction) == 0 || state == State.DONE || state == State.CLOSED) {
            return;
        }
        if (state == State.COMMANDS) {
            state = State.DONE;
            ctx.resume(direction);
        } else {
            state = State.CLOSED;
            ctx.close(direction == Direction.TO_UPSTREAM ? CloseReason.CLIENT_CLOSED : CloseReason.UPSTREAM_CLOSED);
        }
    }

    @Override
    public Boundary boundary() {
        boolean busy = state == State.LOGIN || state == State.CHANGE;
        return busy ? Boundary.BUSY : Boundary.UNKNOWN;
    }

    @Override
    public void onClose(CloseReason reason) {
        state = State.CLOSED;
        forget();
    }

    private void forget() {
        if (proof != null) {
            nonce = proof.nonce();
            proof.end();
            proof = null;
        }
        clientHandler = null;
    }

    private LoginWire wire() {
        return Objects.requireNonNull(wire, "onOpen was not called");
    }

    private FilterContext context() {
        return wire().context();
    }

    // ---- packets

    /** The length of the payload that begins at {@code at}; negative if it is not all there, or too long. */
    private int whole(ByteBuf data, int at, TlsRefusal tooLong) {
        int n = data.writerIndex() - at;
        if (n < PacketReader.HEADER) {
            return -1;
        }
        int length = data.getUnsignedMediumLE(at);
        if (length > MOST) {
            refuse(tooLong);
            return -1;
        }
        return n - PacketReader.HEADER < length ? -1 : length;
    }

    @Override
    public void refuse(TlsRefusal refusal) {
        if (state == State.CLOSED) {
            return;
        }
        settings.counters().refused(refusal);
        FilterContext to = context();
        String text = refusal.text();
        if (text != null) {
            // Instead of a greeting there is no SQLSTATE: servers do not know yet what the client can.
            boolean states = state != State.GREETING;
            to.inject(
                    Direction.TO_CLIENT,
                    GateErrors.packet(to.connection().allocator(), wire().clientNext(), refusal.code(), text, states));
        }
        state = State.CLOSED;
        to.close(refusal.reason());
    }

    // ---- the server

    private int fromServer(ByteBuf data) {
        int at = data.readerIndex();
        while (true) {
            if (state == State.DONE || state == State.COMMANDS || state == State.OVER) {
                return data.writerIndex() - at;
            }
            int length = state == State.CLOSED ? -1 : whole(data, at, TlsRefusal.UPSTREAM_PACKET);
            if (length < 0) {
                return 0;
            }
            byte[] payload = wire().take(data, at, length);
            int sequence = data.getUnsignedByte(at + 3);
            at += PacketReader.HEADER + length;
            answer(payload, sequence);
        }
    }

    private void answer(byte[] payload, int sequence) {
        int first = payload.length == 0 ? -1 : payload[0] & 0xff;
        boolean ends = first == LoginPackets.ERR;
        if (sequence != wire().serverNext() && !ends) {
            refuse(state == State.GREETING ? TlsRefusal.GREETING : TlsRefusal.UPSTREAM_PACKET);
            return;
        }
        wire().serverSent(sequence);
        if (delivered) {
            authentication(payload, first);
        } else if (ends) {
            // In place of a greeting, or as it does not want to wait. Nothing of the client may follow: TLS has not
            // begun.
            wire().toClient(payload);
            state = State.CLOSED;
            context().close(CloseReason.UPSTREAM_CLOSED);
        } else if (state == State.GREETING) {
            greeting(payload);
        } else {
            refuse(TlsRefusal.UPSTREAM_PACKET);
        }
    }

    private void greeting(byte[] payload) {
        LoginPackets.Greeting greeting = LoginPackets.greeting(payload);
        if (greeting == null) {
            refuse(TlsRefusal.GREETING);
            return;
        }
        capabilities = greeting.capabilities();
        plugin = greeting.plugin();
        nonce = greeting.nonce();
        serverOffersTls = (capabilities & Capability.SSL) != 0;
        if (!serverOffersTls && settings.asksForTls(false, false)) {
            refuse(TlsRefusal.UPSTREAM_PLAIN);
            return;
        }
        offersTls = settings.offersTls(serverOffersTls);
        LoginPackets.tls(payload, greeting.capabilitiesAt(), offersTls);
        wire().toClient(payload);
        state = State.RESPONSE;
        wire().resumeClient();
    }

    private void authentication(byte[] payload, int first) {
        LoginProof current = proof;
        if (current == null || current.takes(payload, first)) {
            return;
        }
        wire().toClient(payload);
        boolean ok = first == LoginPackets.OK;
        if (!ok && first != LoginPackets.ERR) {
            current.server(payload, (capabilities & Capability.FACTORS) != 0);
            clientMay();
            return;
        }
        boolean watched = uneven && (capabilities & Capability.COMPRESSED) == 0;
        boolean goesOn = ok || state == State.CHANGE;
        forget();
        state = goesOn && watched ? State.COMMANDS : State.DONE;
        wire().resumeClient();
    }

    @Override
    public void clientMay() {
        clientMay = true;
        wire().resumeClient();
    }

    @Override
    public boolean underWay() {
        return state == State.LOGIN || state == State.CHANGE;
    }

    // ---- the client

    private int fromClient(ByteBuf data) {
        int at = data.readerIndex();
        while (true) {
            switch (state) {
                case DONE:
                    return data.writerIndex() - at;
                case CLOSED, GREETING:
                    return 0;
                case OVER:
                    context().drop(data.writerIndex() - at);
                    return 0;
                case COMMANDS:
                    int on = watch.pass(data, at, data.writerIndex());
                    if (!watch.changesUser()) {
                        return on;
                    }
                    context().pass(on);
                    at += on;
                    if (whole(data, at, TlsRefusal.CLIENT_SIZE) < 0) {
                        return 0;
                    }
                    wire().restart();
                    clientMay = true;
                    state = State.CHANGE;
                    break;
                default:
                    break;
            }
            int length = clientMay ? whole(data, at, TlsRefusal.CLIENT_SIZE) : -1;
            if (length < 0) {
                return 0;
            }
            if (data.getUnsignedByte(at + 3) != wire().clientNext()) {
                refuse(TlsRefusal.CLIENT_SEQUENCE);
                return 0;
            }
            byte[] payload = wire().take(data, at, length);
            at += PacketReader.HEADER + length;
            wire().clientSent();
            if (state == State.RESPONSE && !clientSecure && LoginPackets.asksForTls(payload)) {
                if (tlsAsked()) {
                    return 0;
                }
            } else {
                clientPacket(payload);
                LoginWire.wipe(payload);
            }
        }
    }

    private void clientPacket(byte[] payload) {
        if (state == State.RESPONSE) {
            response(payload);
            return;
        }
        clientMay = false;
        if (proof != null) {
            proof.prove(payload, null, 0, payload.length);
            return;
        }
        LoginPackets.Response change = LoginPackets.changeUser(payload, capabilities);
        if (change == null) {
            refuse(TlsRefusal.CLIENT_PACKET);
            return;
        }
        begin(change, payload);
    }

    // ---- TLS with the client

    /** Answers whether TLS has begun with what is left. */
    private boolean tlsAsked() {
        TlsServer tls = settings.clients();
        if (!offersTls || tls == null) {
            refuse(TlsRefusal.NOT_OFFERED);
            return false;
        }
        startClientTls(tls);
        return true;
    }

    private void startClientTls(TlsServer tls) {
        if (handshakes.open >= tls.maxHandshakes()) {
            refuse(TlsRefusal.HANDSHAKES);
            return;
        }
        FilterContext with = context();
        TlsHandler handler = with.tlsHandler(tls);
        clientHandler = handler;
        clientSecure = true;
        handshakes.open++;
        with.startTls(Side.CLIENT, handler).addListener(done -> handshakes.open--);
    }

    /** Tells others who the client is, before they see the first byte that was encrypted. */
    private void identify() {
        TlsSession session = clientHandler == null ? null : clientHandler.session();
        if (session != null) {
            context().connection().set(ConnectionAttribute.TLS, session);
            if (session.serverName() != null) {
                context().connection().set(ConnectionAttribute.SNI, session.serverName());
            }
        }
        clientHandler = null;
    }

    // ---- the log-in

    private void response(byte[] payload) {
        identify();
        LoginPackets.Response response = LoginPackets.response(payload);
        if (!clientSecure && settings.requiresClients()) {
            refuse(TlsRefusal.CLIENT_PLAIN);
            return;
        }
        serverSecure = settings.asksForTls(serverOffersTls, clientSecure);
        if (response == null || response.proof() == null && serverSecure) {
            refuse(TlsRefusal.CLIENT_PACKET);
            return;
        }
        LoginPackets.tls(payload, 0, serverSecure);
        capabilities &= response.capabilities();
        settings.counters().login(clientSecure, serverSecure);
        state = State.LOGIN;
        clientMay = false;
        begin(response, payload);
    }

    private void begin(LoginPackets.Response response, byte[] payload) {
        boolean clientSafe = clientSecure || context().connection().clientHost().equals(UNIX);
        String upstream = context().connection().upstreamText();
        boolean serverSafe = serverSecure || upstream != null && upstream.startsWith(UNIX + ":");
        uneven = clientSafe != serverSafe;
        PasswordTalk.Mode mode =
                !uneven ? PasswordTalk.Mode.EQUAL : clientSafe ? PasswordTalk.Mode.SEAL : PasswordTalk.Mode.OPEN;
        String named = response.plugin().isEmpty() ? plugin : response.plugin();
        LoginProof begun = new LoginProof(settings, wire(), this, new PasswordTalk(mode, named, nonce));
        proof = begun;
        LoginPackets.Proof field = response.proof();
        if (field == null) {
            deliver(payload);
        } else {
            begun.prove(payload, field, field.from(), field.to());
        }
    }

    /** The first packet goes behind TLS, if the server is to have it. */
    @Override
    public void deliver(byte[] payload) {
        TlsClient tls = settings.upstreams();
        if (!delivered && serverSecure && tls != null) {
            FilterContext with = context();
            wire().toServer(payload, Handshake.SSL_REQUEST);
            with.startTls(Side.UPSTREAM, with.tlsHandler(tls, null)).addListener(done -> {
                if (!done.isSuccess()) {
                    refuse(TlsRefusal.UPSTREAM_HANDSHAKE);
                }
            });
        }
        delivered = true;
        wire().toServer(payload, payload.length);
    }
}

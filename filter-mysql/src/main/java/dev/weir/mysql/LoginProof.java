package dev.weir.mysql;

import dev.weir.mysql.LoginPackets.Proof;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Carries out what {@link PasswordTalk} finds: passwords are sealed and opened on their way from the client to the server. */
final class LoginProof {
    /** The log-in. */
    interface Owner {
        /** A packet for the server is ready. */
        void deliver(byte[] payload);

        /** It is the client's turn. */
        void clientMay();

        void refuse(TlsRefusal refusal);

        /** Whether it is still under way. */
        boolean underWay();
    }

    private final TlsSettings settings;
    private final LoginWire wire;
    private final Owner owner;
    private final PasswordTalk talk;
    /** A packet that waits for the password that is to be in it, and where. */
    private byte @Nullable [] kept;

    private @Nullable Proof keptField;
    /** The connection has ended, or the log-in. */
    private boolean over;

    LoginProof(TlsSettings settings, LoginWire wire, Owner owner, PasswordTalk talk) {
        this.settings = settings;
        this.wire = wire;
        this.owner = owner;
        this.talk = talk;
    }

    byte[] nonce() {
        return talk.nonce();
    }

    /** Wipes what it knows; nothing comes of what is still under way. */
    void end() {
        over = true;
        talk.forget();
        if (kept != null) {
            LoginWire.wipe(kept);
            kept = null;
        }
    }

    // ---- the server

    /** A packet of the server. Answers whether it was for us, and not for the client. */
    boolean takes(byte[] payload, int first) {
        if (!talk.keyAwaited()) {
            return false;
        }
        if (first != LoginPackets.MORE_DATA) {
            talk.forget(); // it wants something else
            return false;
        }
        byte[] password = talk.takePassword();
        try {
            byte[] sealed = Scramble.sealed(password, talk.nonce(), Scramble.text(payload, 1));
            wire.toServer(sealed, sealed.length);
            settings.counters().sealed();
        } catch (GeneralSecurityException e) {
            owner.refuse(TlsRefusal.UPSTREAM_KEY);
        } finally {
            LoginWire.wipe(password);
        }
        return true;
    }

    /** A packet that went on to the client; {@code factors}: see there. */
    void server(byte[] payload, boolean factors) {
        talk.server(payload, factors);
    }

    // ---- the client

    /** The client proves itself with {@code payload[from, to)}: a field of a packet, or, where that is null, all of it. */
    void prove(byte[] payload, @Nullable Proof field, int from, int to) {
        switch (talk.client(payload, from, to)) {
            case FORWARD -> owner.deliver(payload);
            case ASK -> owner.deliver(field == null ? talk.request() : field.replaced(payload, talk.request()));
            case TELL_KEY -> {
                keep(payload, field);
                tellKey();
            }
            case OPEN -> {
                keep(payload, field);
                open(Arrays.copyOfRange(payload, from, to));
            }
        }
    }

    private void keep(byte[] payload, @Nullable Proof field) {
        if (field != null) {
            kept = payload.clone();
            keptField = field;
        }
    }

    private void tellKey() {
        onLoop(settings.key().pem(), pem -> {
            byte[] more = new byte[pem.length + 1];
            more[0] = LoginPackets.MORE_DATA;
            System.arraycopy(pem, 0, more, 1, pem.length);
            wire.toClient(more);
            owner.clientMay();
        });
    }

    private void open(byte[] sealed) {
        onLoop(settings.key().open(sealed, talk.nonce()), password -> {
            settings.counters().opened();
            byte[] whole = kept;
            Proof field = keptField;
            kept = null;
            if (whole == null || field == null) {
                owner.deliver(password);
            } else if (field.takes(password.length)) {
                byte[] filled = field.replaced(whole, password);
                owner.deliver(filled);
                LoginWire.wipe(filled);
            } else {
                owner.refuse(TlsRefusal.PASSWORD);
            }
            LoginWire.wipe(password);
        });
    }

    /** What is computed elsewhere goes on here, unless the log-in has ended meanwhile. */
    private void onLoop(CompletableFuture<byte[]> result, Consumer<byte[]> then) {
        result.whenComplete((value, failure) -> {
            try {
                wire.context().connection().loop().execute(() -> {
                    if (over || !owner.underWay()) {
                        return;
                    }
                    if (failure == null) {
                        then.accept(value);
                    } else {
                        owner.refuse(TlsRefusal.PASSWORD);
                    }
                });
            } catch (RejectedExecutionException ended) {
                over = true;
            }
        });
    }
}

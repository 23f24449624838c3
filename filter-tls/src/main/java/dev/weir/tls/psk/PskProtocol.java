package dev.weir.tls.psk;

import java.io.IOException;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.TlsClientProtocol;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsProtocol;
import org.bouncycastle.tls.TlsServerProtocol;

/**
 * BouncyCastle's protocol, bytes in and bytes out, with one difference: it answers a close_notify by closing both directions and dropping what is to be
 * written, as TLS 1.2 wants it. Here the other direction stays open until its owner ends it.
 */
interface PskProtocol {
    /** Bytes and alerts. */
    TlsProtocol tls();

    /** The side it plays. */
    PskPeer peer();

    /** Begins. */
    void begin() throws IOException;

    /** Says that nothing more will come. */
    void endOutput() throws IOException;

    /** Whether the peer has said so. */
    boolean inputEnded();

    /** As a server. */
    final class Server extends TlsServerProtocol implements PskProtocol {
        private final PskServer peer;
        private boolean inputEnded;

        Server(PskServer peer) {
            this.peer = peer;
        }

        @Override
        public TlsProtocol tls() {
            return this;
        }

        @Override
        public PskPeer peer() {
            return peer;
        }

        @Override
        public void begin() throws IOException {
            accept(peer);
        }

        @Override
        public void endOutput() throws IOException {
            raiseAlertWarning(AlertDescription.close_notify, null);
        }

        @Override
        public boolean inputEnded() {
            return inputEnded;
        }

        /** To go on would let a peer that does not read make us write. */
        @Override
        protected boolean handleRenegotiation() throws IOException {
            throw new TlsFatalAlert(AlertDescription.no_renegotiation);
        }

        @Override
        protected void handleAlertWarningMessage(short alertDescription) throws IOException {
            if (alertDescription == AlertDescription.close_notify && peer.isDone()) {
                inputEnded = true;
            } else {
                super.handleAlertWarningMessage(alertDescription);
            }
        }
    }

    /** As a client. */
    final class Client extends TlsClientProtocol implements PskProtocol {
        private final PskClient peer;
        private boolean inputEnded;

        Client(PskClient peer) {
            this.peer = peer;
        }

        @Override
        public TlsProtocol tls() {
            return this;
        }

        @Override
        public PskPeer peer() {
            return peer;
        }

        @Override
        public void begin() throws IOException {
            connect(peer);
        }

        @Override
        public void endOutput() throws IOException {
            raiseAlertWarning(AlertDescription.close_notify, null);
        }

        @Override
        public boolean inputEnded() {
            return inputEnded;
        }

        /** To go on would let a peer that does not read make us write. */
        @Override
        protected boolean handleRenegotiation() throws IOException {
            throw new TlsFatalAlert(AlertDescription.no_renegotiation);
        }

        @Override
        protected void handleAlertWarningMessage(short alertDescription) throws IOException {
            if (alertDescription == AlertDescription.close_notify && peer.isDone()) {
                inputEnded = true;
            } else {
                super.handleAlertWarningMessage(alertDescription);
            }
        }
    }
}

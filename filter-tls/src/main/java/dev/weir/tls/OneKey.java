package dev.weir.tls;

import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.KeyManagerFactorySpi;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The certificate that is shown to a server that asks for one, whatever CAs the server names: the file says which one, and a server that pins certificates may
 * name none that has issued it.
 */
final class OneKey extends X509ExtendedKeyManager {
    private static final String ALIAS = "key";

    private final Credential credential;

    private OneKey(Credential credential) {
        this.credential = credential;
    }

    /** Keeps what the native engine makes of the key. */
    static KeyManagerFactory factory(Credential credential) {
        return new OpenSslCachingX509KeyManagerFactory(new Factory(new OneKey(credential)));
    }

    @Override
    public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
        return new String[] {ALIAS};
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, @Nullable Socket socket) {
        String own = credential.key().getAlgorithm();
        for (String keyType : keyTypes) {
            if (keyType.equals(own)
                    || keyType.startsWith(own + "_")
                    || own.equals("RSA") && keyType.startsWith("RSASSA")) {
                return ALIAS;
            }
        }
        return null;
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
            String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
        return chooseClientAlias(keyTypes, issuers, null);
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
        return null;
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal @Nullable [] issuers, Socket socket) {
        return null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return credential.chain().toArray(new X509Certificate[0]);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return credential.key();
    }

    private static final class Factory extends KeyManagerFactory {
        Factory(OneKey key) {
            super(new Spi(key), new None(), ALIAS);
        }
    }

    private static final class None extends Provider {
        private static final long serialVersionUID = 1L;

        None() {
            super("one key", "1", "");
        }
    }

    private static final class Spi extends KeyManagerFactorySpi {
        private final OneKey key;

        Spi(OneKey key) {
            this.key = key;
        }

        @Override
        protected void engineInit(KeyStore store, char[] password) {}

        @Override
        protected void engineInit(ManagerFactoryParameters parameters) {}

        @Override
        protected KeyManager[] engineGetKeyManagers() {
            return new KeyManager[] {key};
        }
    }
}

package dev.weir.tls.stunnel;

/**
 * Whom a service trusts.
 *
 * @param asks whether a client is asked for a certificate
 * @param required whether there must be one
 * @param chain whether it must lead to a certificate that is trusted
 * @param peer whether it must be among those that are trusted itself
 * @param hasAnchors whether there are any that are trusted
 */
record Trust(boolean asks, boolean required, boolean chain, boolean peer, boolean hasAnchors) {
    static Trust of(Service service) {
        int level = service.number("verify", -1);
        boolean chain = service.yes("verifyChain", false) || level >= 1 && level <= 3;
        boolean peer = service.yes("verifyPeer", false) || level >= 3;
        boolean required = service.yes("requireCert", false)
                || service.yes("verifyChain", false)
                || service.yes("verifyPeer", false)
                || level >= 2;
        boolean anchors = service.text("CAfile") != null
                || service.text("CApath") != null
                || service.text("CAengine") != null
                || service.text("CAstore") != null;
        return new Trust(required || level >= 0, required, chain, peer, anchors);
    }

    /** {@code verify} as Weir has it. */
    String verify() {
        return chain && peer ? "both" : chain ? "chain" : peer ? "peer" : "none";
    }
}

package dev.weir.tls.starttls;

import static dev.weir.core.filter.Side.CLIENT;
import static dev.weir.core.filter.Side.UPSTREAM;

import dev.weir.core.filter.Side;
import java.util.function.UnaryOperator;

/** A server that greets, is asked for TLS by one line, and agrees by another: POP3, IMAP, NNTP. The client gets the greeting when TLS is there. */
final class GreetedTalk extends LineTalk {
    private final String ask;
    private final String agrees;
    private final String[] greets;
    private final UnaryOperator<String> shown;
    private String greeting = "";

    private GreetedTalk(String ask, String agrees, UnaryOperator<String> shown, String... greets) {
        this.ask = ask;
        this.agrees = agrees;
        this.greets = greets;
        this.shown = shown;
    }

    /** RFC 2595 §4. */
    static Talk pop3() {
        return new GreetedTalk("STLS", "+OK", line -> line, "+OK");
    }

    /** RFC 9051 §6.2.1. A greeting PREAUTH is none: TLS could not be asked for any more. */
    static Talk imap() {
        return new GreetedTalk("weir STARTTLS", "weir OK", ImapToClient::greeting, "* OK");
    }

    /** RFC 4642 §2.2. */
    static Talk nntp() {
        return new GreetedTalk("STARTTLS", "382", line -> line, "200", "201");
    }

    @Override
    void begin(Wire wire) {
        wire.listen(UPSTREAM);
    }

    @Override
    void line(Wire wire, Side from, String line) {
        if (!greeting.isEmpty()) {
            if (says(line, agrees)) {
                wire.startTls();
            } else if (!agrees.startsWith("weir") || !line.startsWith("* ")) {
                wire.fail(UPSTREAM, "the answer " + shown(line) + " to " + ask);
            }
            return;
        }
        for (String word : greets) {
            if (says(line, word)) {
                greeting = line;
                wire.send(UPSTREAM, ask + END);
                return;
            }
        }
        wire.fail(UPSTREAM, "the greeting " + shown(line));
    }

    @Override
    void secured(Wire wire) {
        wire.send(CLIENT, shown.apply(greeting) + END);
        wire.open();
    }
}

package dev.weir.tls.stunnel;

import java.util.Locale;
import java.util.Set;

/**
 * A line of a file, as messages name it.
 *
 * @param file its name, absolute
 * @param line from 1
 * @param text the line without its end and the blanks before that
 * @param included whether it stands in a file that another one includes
 */
record Place(String file, int line, String text, boolean included) {
    private static final Set<String> SECRET = Set.of(
            "ticketkeysecret",
            "ticketmacsecret",
            "enginectrl",
            "setenv",
            "protocolpassword",
            "protocolheader",
            "providerparameter");

    /** What is wrong with it, as stunnel says it. */
    String says(String problem) {
        return file + ":" + line + ": \"" + shown() + "\": " + problem;
    }

    /** Values of some options are nobody's business. */
    private String shown() {
        int equals = text.indexOf('=');
        String name = (equals < 0 ? text : text.substring(0, equals)).strip().toLowerCase(Locale.ROOT);
        return equals >= 0 && SECRET.contains(name) ? text.substring(0, equals).strip() + " = …" : text;
    }
}

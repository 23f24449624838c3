package dev.weir.tls.stunnel;

import java.util.Locale;
import java.util.Set;

/**
 * A line of a file, as messages name it.
 *
 * @param file its name, absolute
 * @param number of the file in the order of reading; 0 is the one that includes all others
 * @param line from 1
 * @param order grows with each line that is read, whatever file it stands in
 * @param text the line without its end and the blanks before that
 */
record Place(String file, int number, int line, int order, String text) {
    /** A configuration knows lines but not files: those of included ones have the number of their file above so many bits. */
    private static final int LINE_BITS = 24;

    private static final int MOST_FILES = 127;
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

    /** The line as a number that tells the file, too; 0 where there are too many files. */
    int coded() {
        return number > MOST_FILES || line >= 1 << LINE_BITS ? 0 : number << LINE_BITS | line;
    }

    /** Values of some options are nobody's business. */
    private String shown() {
        int equals = text.indexOf('=');
        String name = (equals < 0 ? text : text.substring(0, equals)).strip().toLowerCase(Locale.ROOT);
        return equals >= 0 && SECRET.contains(name) ? text.substring(0, equals).strip() + " = …" : text;
    }
}

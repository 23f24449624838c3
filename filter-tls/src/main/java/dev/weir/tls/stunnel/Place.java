package dev.weir.tls.stunnel;

/**
 * A line of a file, as messages name it.
 *
 * @param file its name, absolute
 * @param line from 1
 * @param text the line without its end and the blanks before that
 * @param included whether it stands in a file that another one includes
 */
record Place(String file, int line, String text, boolean included) {
    /** What is wrong with it, as stunnel says it. */
    String says(String problem) {
        return file + ":" + line + ": \"" + text + "\": " + problem;
    }
}

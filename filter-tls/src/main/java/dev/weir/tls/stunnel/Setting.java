package dev.weir.tls.stunnel;

/**
 * A value that a file gives to an option.
 *
 * @param value as it stands there, without the blanks around it
 * @param place where
 */
record Setting(String value, Place place) {}

package dev.weir.core.protocol;

/** What the first bytes say of a protocol. */
public enum Detection {
    /** They are this protocol's. */
    YES,
    /** They are not. */
    NO,
    /** Too few bytes to tell. */
    MORE
}

package dev.weir.core.exchange;

/** The default sinks and the way to them (being built). */
public final class ExchangeSinks {}

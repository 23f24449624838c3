package dev.weir.core.exchange;

/** The pool of one event loop, and the dispatch to its sinks. */
final class LoopExchanges implements Exchanges {
    private final ExchangeSink[] extra;

    LoopExchanges(ExchangeSink[] extra) {
        this.extra = extra;
    }

    @Override
    public Exchange open() {
        return new Exchange();
    }

    @Override
    public void emit(Exchange exchange) {
        for (ExchangeSink sink : extra) {
            sink.onExchange(exchange);
        }
    }

    @Override
    public void discard(Exchange exchange) {}
}

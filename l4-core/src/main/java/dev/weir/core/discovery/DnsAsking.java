package dev.weir.core.discovery;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AddressedEnvelope;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsServerAddressStream;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One question, until a server has answered it: a server that fails is followed by the next one, an alias (CNAME) by the question for what
 * it stands for. All on one loop.
 */
final class DnsAsking<T> {
    private static final int MAX_ALIASES = 16;

    private final DnsNameResolver resolver;
    private final DnsServerAddressStream servers;
    private final DnsRecordType type;
    private final Function<ByteBuf, @Nullable T> decoder;
    private final Promise<DnsAnswer<T>> result;
    private String name = "";
    private int left;
    private int aliases;
    private long ttl = Integer.MAX_VALUE;
    private InetSocketAddress server = new InetSocketAddress(0);

    DnsAsking(
            DnsNameResolver resolver,
            DnsServerAddressStream servers,
            DnsRecordType type,
            Function<ByteBuf, @Nullable T> decoder,
            Promise<DnsAnswer<T>> result) {
        this.resolver = resolver;
        this.servers = servers;
        this.type = type;
        this.decoder = decoder;
        this.result = result;
    }

    Future<DnsAnswer<T>> start(String full) {
        name = canonical(full);
        left = servers.size();
        next("no servers are configured");
        return result;
    }

    private void next(String why) {
        if (left-- <= 0) {
            result.trySuccess(DnsAnswer.failed(why));
            return;
        }
        server = servers.next();
        ask();
    }

    private void ask() {
        DefaultDnsQuestion question = DnsLookup.question(name, type);
        if (question == null) {
            result.trySuccess(DnsAnswer.failed("a name that cannot be: \"" + name + "\""));
            return;
        }
        resolver.query(server, question).addListener(this::answered);
    }

    private void answered(Future<? super AddressedEnvelope<DnsResponse, InetSocketAddress>> done) {
        if (!done.isSuccess()) {
            String message = done.cause().getMessage();
            next(message == null ? done.cause().getClass().getSimpleName() : message);
            return;
        }
        @SuppressWarnings("unchecked") // what query() promises
        var envelope = (AddressedEnvelope<DnsResponse, InetSocketAddress>) done.getNow();
        try {
            read(envelope.content());
        } finally {
            envelope.release();
        }
    }

    private void read(DnsResponse response) {
        DnsResponseCode code = response.code();
        if (code.equals(DnsResponseCode.NXDOMAIN)) {
            result.trySuccess(DnsAnswer.none(name + " does not exist"));
        } else if (!code.equals(DnsResponseCode.NOERROR)) {
            next(DnsLookup.shown(server) + " answers " + code + " for " + name);
        } else if (response.isTruncated()) {
            // Taken for the whole it would be the end of the endpoints that did not fit.
            next(DnsLookup.shown(server) + " answers for " + name + " in part only, and not by TCP");
        } else {
            follow(response);
        }
    }

    /** Goes from the name by its aliases to records. */
    private void follow(DnsResponse response) {
        Map<String, DnsRawRecord> standsFor = new HashMap<>();
        Map<String, List<DnsRawRecord>> records = new HashMap<>();
        for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
            DnsRecord record = response.recordAt(DnsSection.ANSWER, i);
            if (record.dnsClass() == DnsRecord.CLASS_IN && record instanceof DnsRawRecord raw) {
                String owner = canonical(record.name());
                if (record.type().equals(type)) {
                    records.computeIfAbsent(owner, n -> new ArrayList<>()).add(raw);
                } else if (record.type().equals(DnsRecordType.CNAME)) {
                    standsFor.putIfAbsent(owner, raw);
                }
            }
        }
        String asked = name;
        while (!records.containsKey(name)) {
            DnsRawRecord alias = standsFor.get(name);
            if (alias == null) {
                ended(asked);
                return;
            }
            String target = name(alias.content());
            if (target == null || ++aliases > MAX_ALIASES) {
                next(DnsLookup.shown(server) + " answers with aliases for " + asked + " that lead nowhere");
                return;
            }
            ttl = Math.min(ttl, alias.timeToLive());
            name = target;
        }
        found(records.get(name));
    }

    /** There are no records for the name, nor is it an alias. */
    private void ended(String asked) {
        if (name.equals(asked)) {
            result.trySuccess(DnsAnswer.none(name + " has no records of type " + type.name()));
        } else {
            ask();
        }
    }

    private void found(@Nullable List<DnsRawRecord> raw) {
        List<T> decoded = new ArrayList<>();
        for (DnsRawRecord record : raw == null ? List.<DnsRawRecord>of() : raw) {
            T one = decoder.apply(record.content());
            if (one == null) {
                next(DnsLookup.shown(server) + " answers with a malformed record " + type.name() + " for " + name);
                return;
            }
            decoded.add(one);
            ttl = Math.min(ttl, record.timeToLive());
        }
        result.trySuccess(DnsAnswer.found(decoded, ttl));
    }

    /** The name at the reader's index, also where it points to another place of the message; null if it is malformed. */
    static @Nullable String name(ByteBuf data) {
        try {
            return canonical(DefaultDnsRecordDecoder.decodeName(data.duplicate()));
        } catch (CorruptedFrameException | IndexOutOfBoundsException e) {
            return null;
        }
    }

    private static String canonical(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
    }
}

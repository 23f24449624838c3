package dev.weir.core.discovery;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.PromiseCombiner;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The addresses of one name, those that were good last where they cannot be found out. */
final class HostAddresses {
    private final String host;
    private final List<DnsRecordType> families;
    private final Map<DnsRecordType, List<InetAddress>> last = new LinkedHashMap<>();

    HostAddresses(String host, List<DnsRecordType> families) {
        this.host = host;
        this.families = families;
    }

    /** The name that is asked for. */
    String name() {
        return host;
    }

    /**
     * What is known.
     *
     * @param all the addresses, in an order that does not depend on the server's
     * @param fresh whether some of it has just been found out
     * @param ttl seconds for which that is true
     * @param problem what could not be found out, or null
     */
    record Addresses(
            List<InetAddress> all,
            boolean fresh,
            long ttl,
            @Nullable String problem) {}

    /** Asks, and tells {@code then} on the loop. */
    void look(DnsLookup lookup, EventLoop loop, Consumer<Addresses> then) {
        Map<DnsRecordType, Future<DnsAnswer<InetAddress>>> asked = new LinkedHashMap<>();
        PromiseCombiner combiner = new PromiseCombiner(loop);
        for (DnsRecordType family : families) {
            Future<DnsAnswer<InetAddress>> answer = lookup.ask(host, family, HostAddresses::ip);
            asked.put(family, answer);
            combiner.add((Future<?>) answer);
        }
        combiner.finish(loop.<Void>newPromise().addListener(done -> {
            Map<DnsRecordType, DnsAnswer<InetAddress>> answers = new LinkedHashMap<>();
            asked.forEach((family, answer) -> answers.put(family, answer.getNow()));
            then.accept(merge(answers));
        }));
    }

    private Addresses merge(Map<DnsRecordType, DnsAnswer<InetAddress>> answers) {
        boolean fresh = answers.values().stream().anyMatch(a -> a.kind() == DnsAnswer.Kind.FOUND);
        long ttl = Integer.MAX_VALUE;
        TreeSet<String> problems = new TreeSet<>();
        for (Map.Entry<DnsRecordType, DnsAnswer<InetAddress>> entry : answers.entrySet()) {
            DnsAnswer<InetAddress> answer = entry.getValue();
            if (answer.kind() == DnsAnswer.Kind.FOUND) {
                last.put(entry.getKey(), answer.records());
                ttl = Math.min(ttl, answer.ttl());
            } else if (answer.kind() == DnsAnswer.Kind.FAILED || !fresh) {
                problems.add(answer.reason());
            } else {
                last.remove(entry.getKey());
            }
        }
        return new Addresses(known(), fresh, ttl, problems.isEmpty() ? null : String.join("; ", problems));
    }

    private List<InetAddress> known() {
        List<InetAddress> all = new ArrayList<>();
        last.values().forEach(all::addAll);
        all.sort(Comparator.<InetAddress>comparingInt(ip -> ip.getAddress().length)
                .thenComparing(InetAddress::getAddress, java.util.Arrays::compareUnsigned));
        return all.stream().distinct().toList();
    }

    private static @Nullable InetAddress ip(ByteBuf data) {
        try {
            return InetAddress.getByAddress(ByteBufUtil.getBytes(data));
        } catch (UnknownHostException e) {
            return null;
        }
    }
}

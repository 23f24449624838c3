package dev.weir.core.discovery;

import dev.weir.core.cluster.Discovery;
import dev.weir.core.cluster.Discovery.Found;
import dev.weir.core.config.Address;
import dev.weir.core.discovery.HostAddresses.Addresses;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The servers that the SRV records of one name name, and their addresses. On one loop. */
final class SrvTargets {
    /** Questions are asked for so many targets at a time: an answer may name thousands. */
    private static final int AT_A_TIME = 16;
    /** What a weight counts for where another one is 0: that one gets a very small share, as RFC 2782 wants it. */
    private static final int SCALE = 15;

    private final String name;
    private final DnsSettings settings;
    private final EventLoop loop;
    private final Map<String, HostAddresses> hosts = new HashMap<>();

    SrvTargets(String name, DnsSettings settings, EventLoop loop) {
        this.name = name;
        this.settings = settings;
        this.loop = loop;
    }

    Future<Refresher.Outcome> look(DnsLookup lookup) {
        Promise<Refresher.Outcome> result = loop.newPromise();
        lookup.ask(name, DnsRecordType.SRV, SrvRecord::read).addListener(done -> {
            @SuppressWarnings("unchecked") // what ask() promises
            DnsAnswer<SrvRecord> answer = (DnsAnswer<SrvRecord>) done.getNow();
            List<SrvRecord> first = first(answer.records());
            if (answer.kind() != DnsAnswer.Kind.FOUND) {
                result.setSuccess(new Refresher.Outcome(List.of(), 0, answer.reason()));
            } else if (first.isEmpty()) {
                result.setSuccess(new Refresher.Outcome(List.of(), 0, name + " says that there is no such service"));
            } else {
                Set<String> targets =
                        first.stream().map(SrvRecord::target).collect(Collectors.toCollection(TreeSet::new));
                hosts.keySet().retainAll(targets);
                new Round(lookup, first, answer.ttl(), result).start(targets);
            }
        });
        return result;
    }

    /** Those with the lowest priority, in an order that does not depend on the server's. */
    private static List<SrvRecord> first(List<SrvRecord> all) {
        List<SrvRecord> there =
                all.stream().filter(r -> !r.target().isEmpty() && r.port() > 0).toList();
        int lowest = there.stream().mapToInt(SrvRecord::priority).min().orElse(0);
        return there.stream()
                .filter(r -> r.priority() == lowest)
                .sorted(Comparator.comparing(SrvRecord::target).thenComparingInt(SrvRecord::port))
                .toList();
    }

    /** Asks for the addresses of all targets. */
    private final class Round {
        private final DnsLookup lookup;
        private final List<SrvRecord> records;
        private final Promise<Refresher.Outcome> result;
        private final Map<String, Addresses> known = new HashMap<>();
        private final Deque<String> left = new ArrayDeque<>();
        private final List<String> problems = new ArrayList<>();
        private long ttl;
        private int asked;

        Round(DnsLookup lookup, List<SrvRecord> records, long ttl, Promise<Refresher.Outcome> result) {
            this.lookup = lookup;
            this.records = records;
            this.ttl = ttl;
            this.result = result;
        }

        void start(Set<String> targets) {
            left.addAll(targets);
            while (asked < AT_A_TIME && !left.isEmpty()) {
                ask(left.remove());
            }
        }

        private void ask(String target) {
            asked++;
            hosts.computeIfAbsent(target, t -> new HostAddresses(t, settings.families()))
                    .look(lookup, loop, addresses -> {
                        known.put(target, addresses);
                        ttl = Math.min(ttl, addresses.ttl());
                        if (addresses.problem() != null) {
                            problems.add(addresses.problem());
                        }
                        asked--;
                        if (!left.isEmpty()) {
                            ask(left.remove());
                        } else if (asked == 0) {
                            finish();
                        }
                    });
        }

        private void finish() {
            String problem = problems.isEmpty() ? null : String.join("; ", problems);
            boolean fresh = known.values().stream().anyMatch(Addresses::fresh);
            result.setSuccess(new Refresher.Outcome(fresh ? found() : List.of(), ttl, problem));
        }

        private List<Found> found() {
            boolean zero = records.stream().anyMatch(r -> r.weight() == 0);
            Map<Address, Found> found = new LinkedHashMap<>();
            for (SrvRecord record : records) {
                Addresses addresses = known.get(record.target());
                List<InetAddress> all = addresses == null ? List.of() : addresses.all();
                // One name for two endpoints would be one place on the ring for both.
                String called = all.size() == 1 ? record.target() + ":" + record.port() : null;
                int weight = Math.max(1, zero ? record.weight() * SCALE : record.weight());
                for (InetAddress ip : all) {
                    Address address = DnsDiscovery.address(ip, record.port());
                    found.putIfAbsent(
                            address, new Found(address, called, weight, Map.of(Discovery.TARGET, record.target())));
                }
            }
            return List.copyOf(found.values());
        }
    }
}

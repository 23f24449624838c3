package dev.weir.core.ratelimit;

import dev.weir.core.protocol.CommandPolicy.Decision;
import io.micrometer.core.instrument.Counter;
import java.util.List;

/**
 * One limit that a service counts.
 *
 * @param descriptors what the service is asked about
 * @param cover which commands are counted
 * @param shadow whether it only counts
 * @param refusal what becomes of what is over the limit
 * @param allowed counts
 * @param refused counts
 */
record GlobalLimit(
        List<DescriptorPlan> descriptors,
        Cover cover,
        boolean shadow,
        Decision refusal,
        Counter allowed,
        Counter refused) {}

package dev.weir.core.testkit;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * Estimates the heap bytes that an object holds: its own, and everything it leads to that is of this project or an
 * array. What it shares with others is left out by naming it.
 */
public final class Footprint {
    private static final int HEADER = 16;
    private static final String OURS = "dev.weir.";

    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    /** Leaves out everything that {@code shared} leads to. */
    public Footprint(Object... shared) {
        for (Object object : shared) {
            walk(object);
        }
    }

    /** Leaves out {@code object} itself, and what only it leads to. */
    public Footprint without(Object object) {
        seen.add(object);
        return this;
    }

    /** Bytes of {@code object} and of what only it leads to, as far as no call before has counted them. */
    public long of(Object object) {
        return walk(object);
    }

    private long walk(Object root) {
        long bytes = 0;
        Deque<Object> left = new ArrayDeque<>();
        left.add(root);
        while (!left.isEmpty()) {
            Object object = left.removeLast();
            if (!seen.add(object)) {
                continue;
            }
            Class<?> type = object.getClass();
            if (type.isArray()) {
                bytes += array(object, left);
            } else if (type.getName().startsWith(OURS) && !type.isEnum() || type == String.class) {
                bytes += fields(object, type, left);
            } else if (object instanceof Iterable<?> elements) {
                elements.forEach(left::add);
                bytes += HEADER;
            }
        }
        return bytes;
    }

    private static long array(Object array, Deque<Object> left) {
        int length = Array.getLength(array);
        Class<?> element = array.getClass().getComponentType();
        if (!element.isPrimitive()) {
            for (int i = 0; i < length; i++) {
                Object value = Array.get(array, i);
                if (value != null) {
                    left.add(value);
                }
            }
        }
        return align(HEADER + (long) length * size(element));
    }

    private static long fields(Object object, Class<?> type, Deque<Object> left) {
        if (type == String.class) {
            return align(24) + align(HEADER + ((String) object).length());
        }
        long bytes = HEADER;
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers())) {
                    continue;
                }
                bytes += size(field.getType());
                if (!field.getType().isPrimitive() && c.getName().startsWith(OURS)) {
                    add(object, field, left);
                }
            }
        }
        return align(bytes);
    }

    private static void add(Object object, Field field, Deque<Object> left) {
        try {
            field.setAccessible(true);
            Object value = field.get(object);
            if (value != null) {
                left.add(value);
            }
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int size(Class<?> type) {
        if (type == long.class || type == double.class) {
            return 8;
        }
        if (type == byte.class || type == boolean.class) {
            return 1;
        }
        return type == short.class || type == char.class ? 2 : 4;
    }

    private static long align(long bytes) {
        return bytes + 7 & ~7L;
    }
}

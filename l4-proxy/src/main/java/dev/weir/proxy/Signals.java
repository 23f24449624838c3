package dev.weir.proxy;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Signals of the operating system. By reflection: the compiler warns of {@code sun.misc.Signal} in a way that cannot be
 * switched off, and there is nothing else to catch a signal with.
 */
final class Signals {
    private Signals() {}

    /** Runs {@code action} at each signal {@code name} (TERM, INT, HUP, WINCH); false if that cannot be had here. */
    static boolean on(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            InvocationHandler onCall = (proxy, method, arguments) -> {
                switch (method.getName()) {
                    case "handle":
                        action.run();
                        return null;
                    case "equals":
                        return proxy == arguments[0];
                    case "hashCode":
                        return System.identityHashCode(proxy);
                    default:
                        return "handler of SIG" + name;
                }
            };
            Object instance = Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handler}, onCall);
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), instance);
            return true;
        } catch (ReflectiveOperationException | IllegalArgumentException e) {
            // Windows has no HUP; a JVM started with -Xrs keeps them to itself.
            return false;
        }
    }
}

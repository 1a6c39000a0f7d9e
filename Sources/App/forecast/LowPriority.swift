import Foundation

/// Runs work on a thread of its own that gets a core only where nothing else wants it, and waits for its end.
///
/// The threads that tasks run on cannot be made nicer for a while: going back takes a privilege.
func atLowPriority<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        let thread = Thread {
            // On Linux a nice value belongs to a thread; 0 is the one that calls. Where it is refused, the work is done all
            // the same.
            _ = setpriority(__priority_which_t(0), 0, 15)
            continuation.resume(returning: work())
        }
        thread.name = "refit"
        // Factorisations of a few hundred columns fit many times.
        thread.stackSize = 8 << 20
        thread.start()
    }
}

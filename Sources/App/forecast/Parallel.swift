import Foundation

/// How many threads of work this machine runs at once.
var coreCount: Int { max(1, ProcessInfo.processInfo.activeProcessorCount) }

/// `transform` of every item, in the order of the items, at most `width` of them at a time.
///
/// Nothing new begins after a failure; of the failures that there are, the first by the order of the items is thrown.
func mapped<Item: Sendable, Value: Sendable>(
    _ items: [Item], width: Int, progress: ProgressBarUpdate? = nil,
    _ transform: @escaping @Sendable (Item) throws -> Value
) async throws -> [Value] {
    var results = [Result<Value, any Error>?](repeating: nil, count: items.count)
    await withTaskGroup(of: (Int, Result<Value, any Error>).self) { group in
        var (next, done, hasFailed) = (0, 0, false)
        func start() {
            guard next < items.count, !hasFailed, !Task.isCancelled else { return }
            let (index, item) = (next, items[next])
            next += 1
            group.addTask { (index, Result { try transform(item) }) }
        }
        for _ in 0..<max(1, width) { start() }
        while let (index, result) = await group.next() {
            if case .failure = result { hasFailed = true }
            results[index] = result
            done += 1
            progress?(done)
            start()
        }
    }
    try Task.checkCancellation()
    return try results.compactMap { try $0?.get() }
}

/// Told how many items are done.
typealias ProgressBarUpdate = (Int) -> Void

/// CPU time of the calling thread, seconds: what a piece of work costs while others run beside it. For work that does not
/// wait in between, as it may go on on another thread then.
func threadCPUSeconds() -> Double {
    var usage = rusage()
    // RUSAGE_THREAD, which glibc shows only to GNU sources.
    guard unsafe getrusage(__rusage_who_t(1), &usage) == 0 else { return 0 }
    return ProcessCPU.seconds(usage)
}

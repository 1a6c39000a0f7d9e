internal import Synchronization

/// Something that one at a time may do, in the order in which they came.
final class Turn: Sendable {
    private struct Line {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let line = Mutex(Line())

    /// Waits until it is the caller's turn; `give()` ends it.
    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = line.withLock { line in
                if line.isTaken { line.waiting.append(continuation) }
                defer { line.isTaken = true }
                return !line.isTaken
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = line.withLock { line in
            line.isTaken = !line.waiting.isEmpty
            return line.waiting.isEmpty ? nil : line.waiting.removeFirst()
        }
        next?.resume()
    }
}

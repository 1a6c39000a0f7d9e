import HTTPTypes
import Synchronization

/// Places for so many at a time, and a line of bounded length before them. One that needs more than is free holds up who came
/// after it, so that its turn comes.
final class Gate: Sendable {
    private let state: Mutex<GateState>
    private let places: Int

    init(places: Int, waiting: Int) {
        state = Mutex(GateState(free: places, longest: waiting))
        self.places = places
    }

    /// Runs `body` in so many places, after waiting for them in the order of arrival. Whoever wants more than there are gets all.
    ///
    /// - Throws: 429 where the line is full, and what `body` throws.
    func withPlace<Value>(_ needed: Int = 1, _ body: () async throws -> Value) async throws -> Value {
        let needed = min(needed, places)
        if needed == 0 { return try await body() }
        try await enter(needed)
        defer { for next in state.withLock({ $0.leave(needed) }) { next.resume() } }
        return try await body()
    }

    private func enter(_ needed: Int) async throws {
        guard let number = state.withLock({ $0.enterOrDraw(needed) }) else { return }
        defer { state.withLock { $0.forget(number) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                switch state.withLock({ $0.stand(number, needed, continuation) }) {
                case .inLine: break
                case .inPlace: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .full(let longest):
                    continuation.resume(
                        throwing: Problem(.tooManyRequests, "\(longest) requests wait already; come again in a moment"))
                }
            }
        } onCancel: {
            let (gone, next) = state.withLock { $0.cancel(number) }
            gone?.resume(throwing: CancellationError())
            for continuation in next { continuation.resume() }
        }
    }
}

/// Who waits, in which order, and who went away before standing in line.
private struct GateState: Sendable {
    typealias Continuation = CheckedContinuation<Void, any Error>
    enum Standing { case inLine, inPlace, cancelled, full(longest: Int) }

    private var free: Int
    private let longest: Int
    private var line: [(number: Int, needed: Int, continuation: Continuation)] = []
    private var cancelled: Set<Int> = []
    private var lastNumber = 0

    init(free: Int, longest: Int) { (self.free, self.longest) = (free, longest) }

    /// Takes free places, or else draws a number with which to stand in line.
    mutating func enterOrDraw(_ needed: Int) -> Int? {
        if line.isEmpty, free >= needed {
            free -= needed
            return nil
        }
        lastNumber += 1
        return lastNumber
    }

    mutating func stand(_ number: Int, _ needed: Int, _ continuation: Continuation) -> Standing {
        if cancelled.contains(number) { return .cancelled }
        if line.isEmpty, free >= needed {
            free -= needed
            return .inPlace
        }
        guard line.count < longest else { return .full(longest: longest) }
        line.append((number, needed, continuation))
        return .inLine
    }

    /// Who is to be told that it goes away, and who moves up.
    mutating func cancel(_ number: Int) -> (gone: Continuation?, next: [Continuation]) {
        guard let place = line.firstIndex(where: { $0.number == number }) else {
            cancelled.insert(number)
            return (nil, [])
        }
        let gone = line.remove(at: place).continuation
        return (gone, admitted())
    }

    mutating func forget(_ number: Int) { cancelled.remove(number) }

    /// Who takes over the places, first come, first served.
    mutating func leave(_ places: Int) -> [Continuation] {
        free += places
        return admitted()
    }

    private mutating func admitted() -> [Continuation] {
        var next: [Continuation] = []
        while let first = line.first, first.needed <= free {
            free -= first.needed
            next.append(line.removeFirst().continuation)
        }
        return next
    }
}

import HTTPTypes
import Synchronization

/// Places for so many at a time, and a line of bounded length before them.
final class Gate: Sendable {
    private let state: Mutex<GateState>

    init(places: Int, waiting: Int) { state = Mutex(GateState(free: places, longest: waiting)) }

    /// Runs `body` in a place, after waiting for one in the order of arrival.
    ///
    /// - Throws: 429 where the line is full, and what `body` throws.
    func withPlace<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await enter()
        defer { state.withLock { $0.leave() }?.resume() }
        return try await body()
    }

    private func enter() async throws {
        guard let number = state.withLock({ $0.enterOrDraw() }) else { return }
        defer { state.withLock { $0.forget(number) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                switch state.withLock({ $0.stand(number, continuation) }) {
                case .inLine: break
                case .inPlace: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .full(let longest):
                    continuation.resume(
                        throwing: Problem(.tooManyRequests, "\(longest) requests wait already; come again in a moment"))
                }
            }
        } onCancel: {
            state.withLock { $0.cancel(number) }?.resume(throwing: CancellationError())
        }
    }
}

/// Who waits, in which order, and who went away before standing in line.
private struct GateState: Sendable {
    typealias Continuation = CheckedContinuation<Void, any Error>
    enum Standing { case inLine, inPlace, cancelled, full(longest: Int) }

    private var free: Int
    private let longest: Int
    private var line: [(number: Int, continuation: Continuation)] = []
    private var cancelled: Set<Int> = []
    private var lastNumber = 0

    init(free: Int, longest: Int) { (self.free, self.longest) = (free, longest) }

    /// Takes a free place, or else draws a number with which to stand in line.
    mutating func enterOrDraw() -> Int? {
        if free > 0 {
            free -= 1
            return nil
        }
        lastNumber += 1
        return lastNumber
    }

    mutating func stand(_ number: Int, _ continuation: Continuation) -> Standing {
        if cancelled.contains(number) { return .cancelled }
        if free > 0 {
            free -= 1
            return .inPlace
        }
        guard line.count < longest else { return .full(longest: longest) }
        line.append((number, continuation))
        return .inLine
    }

    mutating func cancel(_ number: Int) -> Continuation? {
        guard let place = line.firstIndex(where: { $0.number == number }) else {
            cancelled.insert(number)
            return nil
        }
        return line.remove(at: place).continuation
    }

    mutating func forget(_ number: Int) { cancelled.remove(number) }

    /// The first in line, who takes over the place.
    mutating func leave() -> Continuation? {
        guard !line.isEmpty else {
            free += 1
            return nil
        }
        return line.removeFirst().continuation
    }
}

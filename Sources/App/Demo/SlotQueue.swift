import Synchronization

/// The slots of a set of endpoints, handed out first come, first served.
///
/// A lock and not an actor, so that a waiter can leave the queue from a cancellation handler, which cannot wait.
package final class SlotQueue: Sendable {
    /// More waiters than the queue holds.
    package struct Full: Error, Hashable {
        package init() {}
    }

    private let state: Mutex<State>

    /// `slots` requests at a time per endpoint, at least 1; `bound` requests waiting at most.
    package init(slots: Int, bound: Int) {
        precondition(slots >= 1 && bound >= 0, "an endpoint has a slot")
        state = Mutex(State(slots: slots, bound: bound))
    }

    /// Requests that asked for a slot so far, whatever became of them; a retry is not a request.
    package var arrivals: Int { state.withLock { $0.arrivals } }
    package var waiting: Int { state.withLock { $0.waiters.count } }

    /// Waits for a slot and takes it; to be given back by `release`. A retry goes to the head of the queue.
    ///
    /// - Throws: `Full`, or `CancellationError` where the task is cancelled while it waits.
    package func acquire(isRetry: Bool = false) async throws -> String {
        let id = state.withLock { $0.newWaiter(isRetry: isRetry) }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = Task.isCancelled
                let answer = state.withLock { state -> Result<String, any Error>? in
                    // Looked at again under the lock: a handler that has run by now found nothing to remove.
                    if isCancelled || Task.isCancelled { return .failure(CancellationError()) }
                    return state.admit(Waiter(id: id, continuation: continuation), isRetry: isRetry)
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            state.withLock { $0.remove(id) }?.resume(throwing: CancellationError())
        }
    }

    package func release(_ endpoint: String) {
        grant { $0.release(endpoint) }
    }

    /// Replaces the endpoints, in the order in which equally busy ones are taken. What runs on one that is gone goes on.
    package func update(endpoints: [String]) {
        grant { $0.update(endpoints) }
    }

    /// Passes over an endpoint that has failed, for as long as it takes to be told whether it is still there.
    package func avoid(_ endpoint: String) {
        state.withLock { $0.avoided[endpoint] = State.updatesAvoided }
    }

    /// Resumed outside the lock, so that no waiter runs under it.
    private func grant(after change: (inout State) -> Void) {
        let granted = state.withLock { state in
            change(&state)
            return state.grant()
        }
        for (waiter, endpoint) in granted { waiter.continuation.resume(returning: endpoint) }
    }
}

private struct Waiter {
    let id: Int
    let continuation: CheckedContinuation<String, any Error>
}

private struct State {
    static let updatesAvoided = 4
    let slots: Int
    let bound: Int
    var endpoints: [String] = []
    var busy: [String: Int] = [:]
    /// Endpoints that have failed, and how many updates they are still passed over.
    var avoided: [String: Int] = [:]
    /// The head is first.
    var waiters: [Waiter] = []
    var arrivals = 0
    var nextID = 0

    init(slots: Int, bound: Int) { (self.slots, self.bound) = (slots, bound) }

    mutating func newWaiter(isRetry: Bool) -> Int {
        if !isRetry { arrivals += 1 }
        nextID += 1
        return nextID
    }

    /// The answer where there is one at once; else the waiter is in the queue.
    mutating func admit(_ waiter: Waiter, isRetry: Bool) -> Result<String, any Error>? {
        if waiters.isEmpty, let endpoint = take() { return .success(endpoint) }
        guard isRetry || waiters.count < bound else { return .failure(SlotQueue.Full()) }
        waiters.insert(waiter, at: isRetry ? 0 : waiters.count)
        return nil
    }

    mutating func remove(_ id: Int) -> CheckedContinuation<String, any Error>? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index).continuation
    }

    mutating func release(_ endpoint: String) {
        guard let count = busy[endpoint] else { return }
        busy[endpoint] = count > 1 ? count - 1 : nil
    }

    mutating func update(_ endpoints: [String]) {
        self.endpoints = endpoints
        avoided = avoided.mapValues { $0 - 1 }.filter { $0.value > 0 }
    }

    mutating func grant() -> [(Waiter, String)] {
        var granted: [(Waiter, String)] = []
        while !waiters.isEmpty, let endpoint = take() { granted.append((waiters.removeFirst(), endpoint)) }
        return granted
    }

    /// Takes a slot of the least busy endpoint that has one.
    private mutating func take() -> String? {
        let free = endpoints.filter { avoided[$0] == nil && busy[$0, default: 0] < slots }
        guard let endpoint = free.min(by: { busy[$0, default: 0] < busy[$1, default: 0] }) else { return nil }
        busy[endpoint, default: 0] += 1
        return endpoint
    }
}

/// Instances ready and starting. A cut takes the latest started first, then ready ones.
struct Fleet {
    private(set) var desired: Int
    private(set) var ready: Int
    /// Ascending by the second at which they are ready.
    private var batches: [(readyAt: Int, count: Int)] = []
    private let startupSeconds: Int

    init(initial: Int, startupSeconds: Int) {
        (desired, ready, self.startupSeconds) = (initial, initial, startupSeconds)
    }

    var starting: Int { desired - ready }

    /// The second at which the next ones are ready; `Int.max` where none starts.
    var nextReady: Int { batches.first?.readyAt ?? .max }

    mutating func advance(to second: Int, wanting wish: Int) {
        if wish > desired { batches.append((second + startupSeconds, wish - desired)) }
        if wish < desired { cut(desired - wish, at: second) }
        desired = wish
        settle(at: second)
    }

    private mutating func settle(at second: Int) {
        while let first = batches.first, first.readyAt <= second {
            ready += first.count
            batches.removeFirst()
        }
    }

    private mutating func cut(_ excess: Int, at second: Int) {
        var left = excess
        while left > 0, let last = batches.last, last.readyAt > second {
            let taken = min(left, last.count)
            left -= taken
            batches.removeLast()
            if taken < last.count { batches.append((last.readyAt, last.count - taken)) }
        }
        settle(at: second)
        ready -= left
    }
}

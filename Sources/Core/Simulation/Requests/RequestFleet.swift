import Kernels

/// Instances as single things with places for requests. The ready ones are kept by how many places are taken, so that the least
/// busy one is found at once.
struct RequestFleet {
    private enum State { case free, starting, ready, draining }
    private struct Instance {
        var state = State.free
        var busy = 0
        /// Where it stands among the ready ones that are as busy.
        var place = 0
        /// Told apart from what had its number before.
        var life = 0
    }

    private var instances: [Instance] = []
    private var freeNumbers: [Int] = []
    /// In the order of their starts.
    private var starting: [Int] = []
    private var starts = EventHeap()
    /// Numbers of ready instances by how many requests they work on.
    private var byBusy: [[Int]]
    /// No ready instance is less busy.
    private var leastBusy = 0
    private let concurrency: Int
    private let startup: DurationDraws
    private let failedShare: Double
    private var random: SplitMix64

    private(set) var desired = 0, ready = 0, failedStarts = 0

    init(_ service: RequestService, initial: Int, seed: UInt64) {
        concurrency = service.concurrency
        (startup, failedShare, random) = (DurationDraws(service.startup), service.failedStarts, SplitMix64(seed: seed))
        byBusy = [[Int]](repeating: [], count: concurrency + 1)
        for _ in 0..<initial { becomeReady(number(.starting)) }
        desired = initial
    }

    /// When the next start ends, well or not.
    var nextStart: Double { starts.nextTime }

    /// Works towards `wish` instances: the latest start is taken back first, then the least busy ready one takes no more work.
    mutating func scale(to wish: Int, at time: Double) {
        for _ in desired..<max(desired, wish) { start(at: time) }
        for _ in wish..<max(desired, wish) { stopOne() }
        desired = wish
    }

    private mutating func start(at time: Double) {
        let number = number(.starting)
        starting.append(number)
        schedule(number, at: time)
    }

    private mutating func schedule(_ number: Int, at time: Double) {
        // The life tells a start that was taken back from a later one of the same number.
        starts.push(instances[number].life << 32 | number, at: time + startup.draw(&random))
    }

    private mutating func stopOne() {
        if let last = starting.popLast() { return free(last) }
        guard ready > 0 else { return }
        findLeastBusy(below: concurrency + 1)
        let number = byBusy[leastBusy][byBusy[leastBusy].count - 1]
        remove(number)
        ready -= 1
        if instances[number].busy == 0 { free(number) } else { instances[number].state = .draining }
    }

    /// Ends the earliest start; false where it failed or had been taken back.
    mutating func endStart(at time: Double) -> Bool {
        let subject = starts.pop(), number = subject & 0xFFFF_FFFF
        guard instances[number].life == subject >> 32, instances[number].state == .starting else { return false }
        if failedShare > 0 && random.uniform() < failedShare {
            failedStarts += 1
            schedule(number, at: time)
            return false
        }
        starting.removeAll { $0 == number }
        becomeReady(number)
        return true
    }

    private mutating func becomeReady(_ number: Int) {
        instances[number].state = .ready
        ready += 1
        insert(number)
    }

    /// Gives the least busy instance a request; nil where none has a place left.
    mutating func take() -> Int? {
        guard ready > 0 else { return nil }
        findLeastBusy(below: concurrency)
        guard leastBusy < concurrency else { return nil }
        let number = byBusy[leastBusy][byBusy[leastBusy].count - 1]
        remove(number)
        instances[number].busy += 1
        insert(number)
        return number
    }

    /// A request of the instance has ended.
    mutating func release(_ number: Int) {
        if instances[number].state == .draining {
            instances[number].busy -= 1
            if instances[number].busy == 0 { free(number) }
            return
        }
        remove(number)
        instances[number].busy -= 1
        insert(number)
    }

    private mutating func findLeastBusy(below bound: Int) {
        while leastBusy < bound, byBusy[leastBusy].isEmpty { leastBusy += 1 }
    }

    private mutating func insert(_ number: Int) {
        let busy = instances[number].busy
        instances[number].place = byBusy[busy].count
        byBusy[busy].append(number)
        if busy < leastBusy { leastBusy = busy }
    }

    private mutating func remove(_ number: Int) {
        let (busy, place) = (instances[number].busy, instances[number].place)
        let last = byBusy[busy].removeLast()
        guard last != number else { return }
        byBusy[busy][place] = last
        instances[last].place = place
    }

    private mutating func number(_ state: State) -> Int {
        if freeNumbers.isEmpty {
            instances.append(Instance())
            freeNumbers.append(instances.count - 1)
        }
        let number = freeNumbers.removeLast()
        instances[number].state = state
        return number
    }

    private mutating func free(_ number: Int) {
        instances[number] = Instance(life: (instances[number].life + 1) & 0x3FFF_FFFF)
        freeNumbers.append(number)
    }
}

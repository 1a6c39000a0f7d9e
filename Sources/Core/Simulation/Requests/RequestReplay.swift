import Kernels
import Planning

/// Replays `decisions` request by request: each goes to the least busy ready instance with a free place, waits in one line while
/// there is none, and is shed where the line is full.
///
/// Starts and cuts are those of the fluid replay, but that starts take as long as is drawn and may fail, and that a stopped
/// instance finishes what it works on. The same seed gives the same figures; arrivals, service times and starts have a
/// generator each, so that other decisions meet the same arrivals.
/// Complexity: O(n log m) for n requests, of which m are worked on at once; memory does not grow with n.
package func replayRequests(
    _ trace: ReplayTrace, service: ReplayService, requests: RequestService, decisions: [ReplayDecision],
    arrivals: RequestArrivals = .drawn(cv: 1), seed: UInt64 = 1
) -> RequestFigures {
    var replay = RequestReplay(trace, service, requests, decisions, arrivals, seed)
    replay.run()
    return replay.figures
}

private struct RequestReplay {
    private let trace: ReplayTrace, service: ReplayService, requests: RequestService, decisions: [ReplayDecision]
    private var arrivals: ArrivalStream
    private var fleet: RequestFleet
    private var completions = EventHeap()
    private var line = WaitingLine()
    private let serviceTime: DurationDraws
    private var random: SplitMix64
    private var waits = DurationTally(), latencies = DurationTally()
    private var arrived = 0, shed = 0, unserved = 0, waited = 0, late = 0, nextDecision = 0
    private var busySeconds = 0.0, readySeconds = 0.0, readySince = 0.0
    private var billed = BilledSeconds()

    init(
        _ trace: ReplayTrace, _ service: ReplayService, _ requests: RequestService, _ decisions: [ReplayDecision],
        _ arrivals: RequestArrivals, _ seed: UInt64
    ) {
        (self.trace, self.service, self.requests, self.decisions) = (trace, service, requests, decisions)
        var seeds = SplitMix64(seed: seed)
        self.arrivals = ArrivalStream(arrivals, trace: trace, seed: seeds.next())
        random = SplitMix64(seed: seeds.next())
        serviceTime = DurationDraws(requests.serviceTime)
        fleet = RequestFleet(requests, initial: service.initialInstances, seed: seeds.next())
    }

    mutating func run() {
        let end = Double(trace.seconds)
        var arrival = arrivals.advance()
        while true {
            let decision = nextDecision < decisions.count ? Double(decisions[nextDecision].second) : .infinity
            let change = min(decision, fleet.nextStart)
            let time = min(arrival, completions.nextTime, change)
            guard time < end else { break }
            if change <= time {
                changeFleet(at: time, isDecision: decision <= time)
            } else if completions.nextTime <= time {
                fleet.release(completions.pop())
                serveLine(at: time)
            } else {
                arrive(at: time)
                arrival = arrivals.advance()
            }
        }
        finish(at: end)
    }

    private mutating func changeFleet(at time: Double, isDecision: Bool) {
        noteReady(until: time)
        if isDecision {
            let second = decisions[nextDecision].second
            var wish = 0
            // Of several in a second the last counts.
            while nextDecision < decisions.count, decisions[nextDecision].second == second {
                wish = service.model.clamped(decisions[nextDecision].desired)
                nextDecision += 1
            }
            billed.add(fleet.desired, until: second, trace)
            fleet.scale(to: wish, at: time)
        } else {
            _ = fleet.endStart(at: time)
        }
        serveLine(at: time)
    }

    private mutating func noteReady(until time: Double) {
        readySeconds += Double(fleet.ready) * (time - readySince)
        readySince = time
    }

    private mutating func arrive(at time: Double) {
        arrived += 1
        if line.isEmpty, let instance = fleet.take() { return serve(arrival: time, on: instance, at: time) }
        guard line.count < requests.queueLimit else {
            shed += 1
            late += 1
            return
        }
        line.append(time)
    }

    private mutating func serveLine(at time: Double) {
        while !line.isEmpty, let instance = fleet.take() { serve(arrival: line.removeFirst(), on: instance, at: time) }
    }

    private mutating func serve(arrival: Double, on instance: Int, at time: Double) {
        let wait = time - arrival, length = serviceTime.draw(&random)
        waits.add(wait)
        latencies.add(wait + length)
        if wait > 0 { waited += 1 }
        if wait > service.model.sloWaitSeconds { late += 1 }
        busySeconds += min(length, Double(trace.seconds) - time)
        completions.push(instance, at: time + length)
    }

    private mutating func finish(at end: Double) {
        noteReady(until: end)
        billed.add(fleet.desired, until: trace.seconds, trace)
        unserved = line.count
        waited += unserved
        late += unserved
        while !line.isEmpty {
            let wait = end - line.removeFirst()
            waits.add(wait)
            latencies.add(wait)
        }
    }

    var figures: RequestFigures {
        let all = Double(max(arrived, 1))
        let places = readySeconds * Double(requests.concurrency)
        return RequestFigures(
            requests: arrived, shed: shed, unserved: unserved, shedShare: Double(shed) / all,
            waited: Double(waited) / all, late: Double(late) / all, wait: .init(waits), latency: .init(latencies),
            utilisation: places > 0 ? busySeconds / places : 0, instanceHours: Double(billed.seconds) / 3_600,
            failedStarts: fleet.failedStarts)
    }
}

/// Instance-seconds outside gaps, added up as decisions come.
private struct BilledSeconds {
    private(set) var seconds = 0
    private var since = 0

    mutating func add(_ count: Int, until end: Int, _ trace: ReplayTrace) {
        let end = min(end, trace.seconds)
        while since < end {
            let row = since / trace.step, until = min((row + 1) * trace.step, end)
            if !trace.rates[row].isNaN { seconds += count * (until - since) }
            since = until
        }
    }
}

/// Arrival times in a ring, first come first served.
private struct WaitingLine {
    private var ring = [Double](repeating: 0, count: 64)
    private var first = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ time: Double) {
        if count == ring.count {
            ring = Array(ring[first...]) + Array(ring[..<first]) + [Double](repeating: 0, count: count)
            first = 0
        }
        ring[(first + count) & (ring.count - 1)] = time
        count += 1
    }

    /// - Precondition: there is one.
    mutating func removeFirst() -> Double {
        let time = ring[first]
        first = (first + 1) & (ring.count - 1)
        count -= 1
        return time
    }
}

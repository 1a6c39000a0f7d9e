/// Events by time, the earliest first. A heap of four children a node: fewer cache lines than two, and deterministic, as the
/// order of events at one time follows from the order of the calls alone.
struct EventHeap {
    private struct Event {
        let time: Double
        let subject: Int
    }

    private var events: [Event] = []

    /// Infinite where there is none.
    var nextTime: Double { events.isEmpty ? .infinity : events[0].time }

    mutating func push(_ subject: Int, at time: Double) {
        let event = Event(time: time, subject: subject)
        events.append(event)
        var child = events.count - 1
        while child > 0 {
            let parent = (child - 1) / 4
            if events[parent].time <= time { break }
            events[child] = events[parent]
            child = parent
        }
        events[child] = event
    }

    /// The subject of the earliest event, which is taken out.
    ///
    /// - Precondition: there is one.
    mutating func pop() -> Int {
        let subject = events[0].subject
        let last = events.removeLast()
        guard !events.isEmpty else { return subject }
        var parent = 0
        while 4 * parent + 1 < events.count {
            let first = 4 * parent + 1
            var least = first
            for child in first + 1..<max(first + 1, min(first + 4, events.count))
            where events[child].time < events[least].time { least = child }
            if events[least].time >= last.time { break }
            events[parent] = events[least]
            parent = least
        }
        events[parent] = last
        return subject
    }
}

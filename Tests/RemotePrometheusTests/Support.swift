import Ports
import RemotePrometheus
import Series
import Synchronization
import Units

/// A source whose every series has a value at every whole step, and that does what a test tells it.
final class ScriptedSource: HistorySource {
    typealias Answer = @Sendable (_ range: Range<Timestamp>, _ number: Int) throws(RemoteError) -> HistoryPage

    let name = "scripted"
    private let step: Int
    private let answer: Answer
    private let asked = Mutex<[Range<Timestamp>]>([])

    init(step: Int, _ answer: @escaping Answer) { (self.step, self.answer) = (step, answer) }

    var ranges: [Range<Timestamp>] { asked.withLock { $0 } }

    func page(of range: Range<Timestamp>) async throws(RemoteError) -> HistoryPage {
        let number = asked.withLock { asked in
            asked.append(range)
            return asked.count - 1
        }
        return try answer(range, number)
    }

    /// What every series has in `range`.
    static func whole(_ range: Range<Timestamp>, step: Int, bytes: Int = 1 << 10) -> HistoryPage {
        var page = HistoryPage()
        page.bytes = bytes
        var time = range.lowerBound
        while time < range.upperBound {
            for key in keys { page.batch.append(key, time, value(key, time)) }
            time = time.advanced(bySeconds: step)
        }
        return page
    }

    static let keys = ["a", "b"].compactMap { try? SeriesKey(metric: "m", labels: [.init(name: "l", value: $0)]) }

    static func value(_ key: SeriesKey, _ time: Timestamp) -> Double {
        Double(time.millisecondsSinceEpoch % 7_919) + (key == keys[0] ? 0.5 : 0)
    }
}

/// Remembers until the process ends.
actor InMemoryLedger: BackfillLedger {
    private var known: [String: Range<Timestamp>] = [:]

    func stored(of source: String) async throws(StoreError) -> Range<Timestamp>? { known[source] }
    func setStored(_ range: Range<Timestamp>, of source: String) async throws(StoreError) { known[source] = range }
}

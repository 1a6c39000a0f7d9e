package import CoreMetrics
import Synchronization

/// A swift-metrics backend that renders Prometheus' text format. Written here because no package at hand does it.
///
/// Bounded: past `maximumSeries` new label sets are dropped and counted in `prewarm_metrics_dropped_total`.
package final class PrometheusRegistry: MetricsFactory, Sendable {
    private let cells = Mutex<[String: Cell]>([:])
    private let dropped = Cell(family: "prewarm_metrics_dropped_total", labels: "", type: "counter")
    private let maximumSeries: Int

    package init(maximumSeries: Int = 20_000) { self.maximumSeries = maximumSeries }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        cell(label, dimensions, type: "counter")
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler { cell(label, dimensions, type: "counter") }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        cell(label, dimensions, type: "gauge")
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(label, dimensions, type: "gauge")
    }

    /// The newest duration, in seconds.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        cell(label, dimensions, type: "gauge")
    }

    // The registry holds every series until the process ends: a destroyed handler keeps its last value.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// All series, ascending by name. Complexity: O(n log n) in the series.
    package func rendered() -> String {
        let all = cells.withLock { Array($0.values) } + [dropped]
        var text = ""
        var family = ""
        for cell in all.sorted(by: { ($0.family, $0.labels) < ($1.family, $1.labels) }) {
            if cell.family != family {
                family = cell.family
                text += "# TYPE \(family) \(cell.type)\n"
            }
            text += "\(family)\(cell.labels) \(cell.value)\n"
        }
        return text
    }

    private func cell(_ label: String, _ dimensions: [(String, String)], type: String) -> Cell {
        let family = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "_" })
        let pairs = dimensions.map { "\($0.0)=\"\(escaped($0.1))\"" }
        let labels = pairs.isEmpty ? "" : "{" + pairs.joined(separator: ",") + "}"
        return cells.withLock { cells in
            if let known = cells[family + labels] { return known }
            guard cells.count < maximumSeries else {
                dropped.increment(by: Int64(1))
                return Cell(family: family, labels: labels, type: type)
            }
            let new = Cell(family: family, labels: labels, type: type)
            cells[family + labels] = new
            return new
        }
    }
}

private func escaped(_ value: String) -> String {
    value.reduce(into: "") { text, character in
        switch character {
        case "\\": text += "\\\\"
        case "\"": text += "\\\""
        case "\n": text += "\\n"
        default: text.append(character)
        }
    }
}

/// One series: a number behind a lock. A class because swift-metrics hands out references to it.
private final class Cell: CounterHandler, FloatingPointCounterHandler, RecorderHandler, MeterHandler, TimerHandler {
    let family: String, labels: String, type: String
    private let number = Mutex(0.0)

    init(family: String, labels: String, type: String) {
        (self.family, self.labels, self.type) = (family, labels, type)
    }

    var value: Double { number.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { number.withLock { $0 += amount } }
    func decrement(by amount: Double) { increment(by: -amount) }
    func reset() { set(0.0) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { number.withLock { $0 = value } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func recordNanoseconds(_ duration: Int64) { set(Double(duration) * 1e-9) }
}

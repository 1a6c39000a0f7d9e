import CoreMetrics
import Telemetry
import TestSupport
import Testing

@Suite struct TelemetryTests {
    @Test func theTextIsWhatPrometheusReads() throws {
        let registry = PrometheusRegistry()
        Counter(label: "ticks_total", dimensions: [("workload", "b")], factory: registry).increment(by: 3)
        Counter(label: "ticks_total", dimensions: [("workload", "a")], factory: registry).increment()
        Gauge(label: "lead.seconds", factory: registry).record(12.5)
        Gauge(label: "demand", dimensions: [("series", "m{a=\"x\\y\"}\nnext"), ("kind", "rate")], factory: registry)
            .record(0.1)
        Timer(label: "tick_seconds", factory: registry).recordNanoseconds(250_000_000)
        Meter(label: "desired", factory: registry).set(7)
        FloatingPointCounter(label: "cost_total", factory: registry).increment(by: 0.25)
        try expectGolden(registry.rendered(), "exposition.txt")
    }

    @Test func oneNameAndLabelsAreOneSeries() {
        let registry = PrometheusRegistry()
        for _ in 0..<3 { Counter(label: "c", dimensions: [("a", "1")], factory: registry).increment() }
        let gauge = Gauge(label: "g", factory: registry)
        gauge.record(5)
        gauge.record(2)
        #expect(registry.rendered().contains("c{a=\"1\"} 3.0\n") && registry.rendered().contains("g 2.0\n"))
    }

    @Test func labelSetsPastTheBoundAreCountedAndNotKept() {
        let registry = PrometheusRegistry(maximumSeries: 2)
        for id in 0..<5 { Counter(label: "c", dimensions: [("id", "\(id)")], factory: registry).increment() }
        // A series that is known goes on counting.
        Counter(label: "c", dimensions: [("id", "1")], factory: registry).increment()
        let lines = registry.rendered().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines == ["c{id=\"0\"} 1.0", "c{id=\"1\"} 2.0", "prewarm_metrics_dropped_total 3.0"])
    }
}

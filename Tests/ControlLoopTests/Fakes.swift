import ConformanceKit
import ControlLoop
import Forecasting
import Planning
import Ports
import Series
import Units

/// An actuator whose instances are ready at once, and which can be told to refuse.
actor FakeActuator: Actuator {
    nonisolated let name = "fake"
    private(set) var calls: [Int] = []
    private var desired = 0
    private var refusal: ActuatorError?
    private let startupSeconds: [Double]

    init(startupSeconds: [Double] = []) { self.startupSeconds = startupSeconds }

    func refuse(_ error: ActuatorError?) { refusal = error }

    func observe(_ workload: WorkloadID) async throws(ActuatorError) -> InstanceReport {
        let instances = (0..<desired).map { Instance(id: "\($0)", state: .ready, endpoint: nil, restarts: 0) }
        return InstanceReport(desired: desired, instances: instances, startupSeconds: startupSeconds)
    }

    func scale(_ workload: WorkloadID, to count: Int) async throws(ActuatorError) {
        calls.append(count)
        if let refusal { throw refusal }
        desired = count
    }
}

/// A store that fails while it is told to.
actor FlakyStore: SampleStore {
    let base = InMemorySampleStore()
    private var isFailing = false
    private(set) var reads: [Range<Timestamp>] = []

    func fail(_ isFailing: Bool) { self.isFailing = isFailing }

    func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome { try await base.append(batch) }

    func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary] {
        try await base.series(matching: selector)
    }

    func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns {
        reads.append(range)
        if isFailing { throw StoreError(.busy, "busy") }
        return try await base.samples(of: key, in: range)
    }

    func prune(before time: Timestamp) async throws(StoreError) -> Int { try await base.prune(before: time) }
}

/// A workload of 10 demand a second an instance, on rows of a minute, and the store it reads.
struct Scene {
    let store = FlakyStore()
    let log = InMemoryDecisionLog()
    let key: SeriesKey
    let id: WorkloadID
    static let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

    init(_ name: String = "web") throws {
        key = try SeriesKey(metric: "demand", labels: [.init(name: "workload", value: name)])
        guard let id = WorkloadID(name) else { throw ForecastError.corruptModel("a bad name in a test") }
        self.id = id
    }

    /// Stores `rates`, a minute each, from `start` plus `minute` on.
    func push(_ rates: [Double], minute: Int = 0) async throws {
        var batch = SampleBatch()
        for (row, rate) in rates.enumerated() {
            batch.append(key, Self.start.advanced(bySeconds: 60 * (minute + row)), rate)
        }
        _ = try await store.append(batch)
    }

    func workload(
        _ actuator: (any Actuator)?, kind: DemandKind = .rate, isCarriedOut: Bool = true,
        forecaster: RollingForecaster? = nil, events: (@Sendable (Timestamp) throws -> KnownEvents)? = nil
    ) throws -> Workload {
        guard let each = DemandRate(perSecond: 10) else { throw ForecastError.corruptModel("a bad rate in a test") }
        let service = { @Sendable (startup: Int) in
            ServiceModel(
                perInstance: each, startupSeconds: startup, sloWaitSeconds: 1, minInstances: 1, maxInstances: 20,
                kind: kind)
        }
        return Workload(
            id: id, demand: key, kind: kind, step: 60, historyRows: 2_000, actuator: actuator,
            isCarriedOut: isCarriedOut, assumedLeadSeconds: 90,
            makePolicy: { PredictivePlanner(name: "predictive", service: service($0), tick: 15, aggressiveness: 0.9) },
            forecaster: forecaster, service: service, events: events)
    }

    func decisions() async throws -> [DecisionRecord] {
        try await log.decisions(of: id, upTo: Timestamp(millisecondsSinceEpoch: 1 << 50), limit: 1_000)
    }
}

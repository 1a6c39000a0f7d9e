package import Forecasting
package import Ports
package import Series
package import Units

/// Where the workloads of a control loop ask for new models and find them. The learning is done elsewhere, by a
/// `RefitWorker`, one model at a time, so that no tick waits for it.
///
/// Holds one request and one answer a workload at most.
package actor RefitDesk {
    package struct Request: Sendable {
        package let workload: WorkloadID
        package let series: SeriesKey
        package let kind: DemandKind
        /// What is served now, and how to learn.
        package let forecaster: RollingForecaster
        package let demand: KnownDemand
        package let reason: ModelLineage.Reason
        /// Why, in words, for the log.
        package let cause: String
    }

    /// A model to serve from now on.
    package struct Answer: Sendable {
        package let forecaster: RollingForecaster
        /// In the registry; nil where it could not be stored.
        package let version: Int?
        /// Where the rows it learnt from end.
        package let learntBefore: Timestamp
        /// Its loss on rows it had not learnt from; nil where none were held out.
        package let heldOut: Double?
        /// Whether it stays until an operator releases it.
        package let isHeld: Bool

        package init(
            forecaster: RollingForecaster, version: Int?, learntBefore: Timestamp, heldOut: Double?,
            isHeld: Bool = false
        ) {
            (self.forecaster, self.version, self.isHeld) = (forecaster, version, isHeld)
            (self.learntBefore, self.heldOut) = (learntBefore, heldOut)
        }
    }

    /// Rings when there may be a request; of several rings one is kept.
    nonisolated let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private var waiting: [Request] = []
    private var running: WorkloadID?
    private var answers: [WorkloadID: Answer] = [:]

    package init() { (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Whether a workload's request waits or is being worked on.
    package func isBusy(_ workload: WorkloadID) -> Bool {
        running == workload || waiting.contains { $0.workload == workload }
    }

    /// Takes a request, unless one of this workload is there already.
    package func ask(_ request: Request) {
        guard !isBusy(request.workload) else { return }
        waiting.append(request)
        ring.yield()
    }

    /// The answer for a workload, handed over once.
    package func take(_ workload: WorkloadID) -> Answer? { answers.removeValue(forKey: workload) }

    /// How many requests wait.
    package var count: Int { waiting.count }

    /// The oldest request, which counts as being worked on until it is answered. Those of workloads without any model go first.
    func next() -> Request? {
        guard running == nil, !waiting.isEmpty else { return nil }
        let place = waiting.firstIndex { $0.reason == .start } ?? 0
        let request = waiting.remove(at: place)
        running = request.workload
        return request
    }

    /// Leaves a model that nobody asked for to be found at the workload's next tick.
    package func offer(_ workload: WorkloadID, _ answer: Answer) { answers[workload] = answer }

    /// Leaves an answer to be found at the workload's next tick.
    package func answer(_ workload: WorkloadID, _ answer: Answer) {
        answers[workload] = answer
        dismiss(workload)
    }

    /// Ends what is being worked on without an answer of its own.
    func dismiss(_ workload: WorkloadID) {
        if running == workload { running = nil }
    }
}

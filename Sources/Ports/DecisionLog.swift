package import Planning
package import Units

/// Where decisions are kept, so that every action can be explained.
package protocol DecisionLog: Sendable {
    func record(_ record: DecisionRecord) async throws(StoreError)
    /// The newest `limit` records of a workload up to and including `time`, newest first.
    func decisions(
        of workload: WorkloadID, upTo time: Timestamp, limit: Int
    ) async throws(StoreError)
        -> [DecisionRecord]
}

/// One tick of one workload: what was seen, what was wanted, why, and what came of it.
package struct DecisionRecord: Hashable, Sendable {
    package let workload: WorkloadID
    package let at: Timestamp
    package let policy: String
    /// As observed before acting.
    package let ready: Int, starting: Int
    package let desiredBefore: Int
    /// The demand of the newest row that has ended, per second; nil when it is missing.
    package let observedRate: Double?
    /// Seconds from the end of the newest known row to the tick; nil when nothing is known.
    package let demandAgeSeconds: Double?
    /// Which model spoke, as `ridge v3`; nil when none did.
    package let model: String?
    /// Lead time the plan was made with, seconds.
    package let leadSeconds: Double
    package let decision: Decision
    package let outcome: Outcome

    package enum Outcome: Hashable, Sendable {
        /// Nothing had to change.
        case none
        case acted
        /// The actuator refused; the text is for operators.
        case failed(String)
        /// The workload is only watched.
        case shadow
    }

    package init(
        workload: WorkloadID, at: Timestamp, policy: String, ready: Int, starting: Int, desiredBefore: Int,
        observedRate: Double?, demandAgeSeconds: Double?, model: String?, leadSeconds: Double, decision: Decision,
        outcome: Outcome
    ) {
        (self.workload, self.at, self.policy) = (workload, at, policy)
        (self.ready, self.starting, self.desiredBefore) = (ready, starting, desiredBefore)
        (self.observedRate, self.demandAgeSeconds, self.model) = (observedRate, demandAgeSeconds, model)
        (self.leadSeconds, self.decision, self.outcome) = (leadSeconds, decision, outcome)
    }
}

internal import Foundation
internal import GRDB
internal import Planning
package import Ports
package import Units

extension SQLiteStore: DecisionLog {
    package func record(_ record: DecisionRecord) async throws(StoreError) {
        try await write { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO decision (workload, time, record) VALUES (?, ?, ?)",
                arguments: [
                    record.workload.name, record.at.millisecondsSinceEpoch, try Self.encoded(StoredDecision(record)),
                ])
        }
    }

    package func decisions(
        of workload: WorkloadID, upTo time: Timestamp, limit: Int
    ) async throws(StoreError) -> [DecisionRecord] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT time, record FROM decision WHERE workload = ? AND time <= ? ORDER BY time DESC LIMIT ?",
                arguments: [workload.name, time.millisecondsSinceEpoch, max(0, limit)])
            return try rows.map { row in
                let stored = try JSONDecoder().decode(StoredDecision.self, from: Data((row[1] as String).utf8))
                return stored.record(of: workload, at: Timestamp(millisecondsSinceEpoch: row[0]))
            }
        }
    }
}

/// A decision record as JSON. Fields are only ever added, and optional then.
private struct StoredDecision: Codable {
    struct Candidate: Codable { let reason: String, instances: Int }

    let policy: String, ready: Int, starting: Int, before: Int, desired: Int, binding: String
    let rate: Double?, demandAge: Double?, model: String?, lead: Double
    let candidates: [Candidate]
    /// `none`, `acted`, `shadow`, or `failed` with its text in `failure`.
    let outcome: String, failure: String?

    init(_ record: DecisionRecord) {
        (policy, ready, starting) = (record.policy, record.ready, record.starting)
        (before, desired, binding) = (record.desiredBefore, record.decision.desired, record.decision.binding.rawValue)
        (rate, demandAge, model, lead) = (
            record.observedRate, record.demandAgeSeconds, record.model, record.leadSeconds
        )
        candidates = record.decision.candidates.map { Candidate(reason: $0.reason.rawValue, instances: $0.instances) }
        switch record.outcome {
        case .none: (outcome, failure) = ("none", nil)
        case .acted: (outcome, failure) = ("acted", nil)
        case .shadow: (outcome, failure) = ("shadow", nil)
        case .failed(let text): (outcome, failure) = ("failed", text)
        }
    }

    func record(of workload: WorkloadID, at time: Timestamp) -> DecisionRecord {
        let candidates = candidates.map { Decision.Candidate(Self.reason($0.reason), $0.instances) }
        return DecisionRecord(
            workload: workload, at: time, policy: policy, ready: ready, starting: starting, desiredBefore: before,
            observedRate: rate, demandAgeSeconds: demandAge, model: model, leadSeconds: lead,
            decision: Decision(desired: desired, candidates: candidates, binding: Self.reason(binding)),
            outcome: restoredOutcome)
    }

    private var restoredOutcome: DecisionRecord.Outcome {
        switch outcome {
        case "acted": .acted
        case "shadow": .shadow
        case "failed": .failed(failure ?? "")
        default: .none
        }
    }

    /// A reason that a later version wrote and this one does not know is shown as a rule of the policy.
    private static func reason(_ text: String) -> Decision.Reason { Decision.Reason(rawValue: text) ?? .policyRule }
}

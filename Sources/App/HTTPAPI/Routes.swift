import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Planning
import Ports
import Units

/// `GET /api/v1/workloads`: each workload with its newest decision.
func workloadList(_ sources: APISources) async throws -> Response {
    var list: [WorkloadDocument] = []
    for workload in sources.workloads {
        let newest = try await sources.decisions.decisions(of: workload, upTo: sources.now(), limit: 1).first
        list.append(WorkloadDocument(name: workload.name, decision: newest.map(DecisionDocument.init)))
    }
    return jsonResponse(list)
}

/// `GET /api/v1/decisions?workload=W[&limit=N][&at=TIME]`: the newest first.
func decisionList(_ request: Request, _ sources: APISources) async throws -> Response {
    let query = request.uri.queryParameters
    guard let name = query["workload"].map(String.init), let workload = WorkloadID(name),
        sources.workloads.contains(workload)
    else {
        let names = sources.workloads.map(\.name).joined(separator: ", ")
        throw Problem(.notFound, "give workload=NAME; there are: \(names)")
    }
    guard let limit = Int(query["limit"] ?? "20"), (1...1_000).contains(limit) else {
        throw Problem(.badRequest, "limit must be from 1 to 1000")
    }
    let at = try query["at"].map { text throws in
        guard let time = Timestamp(parsing: String(text)) else { throw Problem(.badRequest, "at must be a time") }
        return time
    }
    let found = try await sources.decisions.decisions(of: workload, upTo: at ?? sources.now(), limit: limit)
    return jsonResponse(found.map(DecisionDocument.init))
}

private func jsonResponse(_ value: some Encodable) -> Response {
    Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: json(value)))
}

private struct WorkloadDocument: Encodable {
    let name: String
    let decision: DecisionDocument?
}

/// A decision record as callers see it.
private struct DecisionDocument: Encodable {
    struct Candidate: Encodable { let reason: String, instances: Int }

    let at: String, policy: String, model: String?
    let ready: Int, starting: Int, desiredBefore: Int, desired: Int
    let binding: String, candidates: [Candidate]
    let observedPerSecond: Double?, demandAgeSeconds: Double?, leadSeconds: Double
    let outcome: String, failure: String?

    init(_ record: DecisionRecord) {
        (at, policy, model) = (record.at.description, record.policy, record.model)
        (ready, starting, desiredBefore) = (record.ready, record.starting, record.desiredBefore)
        (desired, binding) = (record.decision.desired, record.decision.binding.rawValue)
        candidates = record.decision.candidates.map { Candidate(reason: $0.reason.rawValue, instances: $0.instances) }
        (observedPerSecond, demandAgeSeconds) = (record.observedRate, record.demandAgeSeconds)
        leadSeconds = record.leadSeconds
        switch record.outcome {
        case .none: (outcome, failure) = ("none", nil)
        case .acted: (outcome, failure) = ("acted", nil)
        case .shadow: (outcome, failure) = ("shadow", nil)
        case .failed(let text): (outcome, failure) = ("failed", text)
        }
    }
}

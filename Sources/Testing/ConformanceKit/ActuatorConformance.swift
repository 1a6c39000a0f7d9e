package import Ports
package import Units

/// What every actuator owes the control loop. Each finding is a sentence; an empty list is a pass.
///
/// Takes a running actuator without instances, and leaves it without any.
package struct ActuatorConformance {
    private let actuator: any Actuator
    private let workload: WorkloadID
    private let unknown: WorkloadID
    private let deadline: Duration

    /// `workload` is configured and able to run three instances, `unknown` is not; instances may take the deadline to
    /// become ready, and as long to go.
    package init(_ actuator: any Actuator, workload: WorkloadID, unknown: WorkloadID, deadline: Duration) {
        (self.actuator, self.workload, self.unknown, self.deadline) = (actuator, workload, unknown, deadline)
    }

    /// In the order in which they run; each begins where the one before it left the actuator.
    private var checks: [(name: String, run: () async throws -> [String])] {
        [
            ("starts empty", startsEmpty),
            ("refuses an unknown workload", refusesUnknown),
            ("refuses an impossible count", refusesImpossible),
            ("takes on a count at once", takesOnAtOnce),
            ("is idempotent", isIdempotent),
            ("gets instances ready", getsReady),
            ("gives each instance its own endpoint", givesEndpoints),
            ("measures start-ups", measuresStartups),
            ("cuts the youngest", cutsYoungest),
            ("grows again", growsAgain),
            ("leaves nothing at zero", leavesNothing),
        ]
    }

    package func findings() async -> [String] {
        var findings: [String] = []
        for (name, run) in checks {
            do { findings += try await run().map { "\(name): \($0)" } } catch { findings.append("\(name): \(error)") }
        }
        return findings
    }

    private func startsEmpty() async throws -> [String] {
        let report = try await actuator.observe(workload)
        return report.desired == 0 && report.instances.isEmpty ? [] : ["\(report)"]
    }

    private func refusesUnknown() async -> [String] {
        await refusal("observe", .unknownWorkload) { () throws(ActuatorError) in
            _ = try await actuator.observe(unknown)
        }
            + refusal("scale", .unknownWorkload) { () throws(ActuatorError) in
                try await actuator.scale(unknown, to: 1)
            }
    }

    private func refusesImpossible() async throws -> [String] {
        var findings: [String] = []
        for count in [-1, Int.max] {
            findings += await refusal("scale to \(count)", .invalidRequest) { () throws(ActuatorError) in
                try await actuator.scale(workload, to: count)
            }
        }
        return try await findings + startsEmpty()
    }

    private func refusal(
        _ what: String, _ code: ActuatorError.Code, _ request: () async throws(ActuatorError) -> Void
    ) async -> [String] {
        do throws(ActuatorError) {
            try await request()
            return ["\(what) is taken"]
        } catch {
            let isTold = error.code == code && !error.detail.isEmpty
            return isTold ? [] : ["\(what) gives \(error.code), not \(code)"]
        }
    }

    private func takesOnAtOnce() async throws -> [String] {
        try await actuator.scale(workload, to: 2)
        let report = try await actuator.observe(workload)
        return report.desired == 2 ? [] : ["desired is \(report.desired), not 2"]
    }

    private func isIdempotent() async throws -> [String] {
        let before = try await actuator.observe(workload)
        for _ in 0..<3 { try await actuator.scale(workload, to: 2) }
        let after = try await actuator.observe(workload)
        let isSame = after.desired == 2 && after.instances.map(\.id) == before.instances.map(\.id)
        return isSame ? [] : ["a repeated scale changes \(before) to \(after)"]
    }

    private func getsReady() async throws -> [String] { try await wait { $0.count(.ready) == 2 } }

    private func givesEndpoints() async throws -> [String] {
        let ready = try await actuator.observe(workload).instances.filter { $0.state == .ready }
        let endpoints = ready.compactMap(\.endpoint)
        let isDistinct = Set(endpoints).count == endpoints.count && Set(ready.map(\.id)).count == ready.count
        return isDistinct && (endpoints.isEmpty || endpoints.count == ready.count) ? [] : ["\(ready)"]
    }

    private func measuresStartups() async throws -> [String] {
        let seconds = try await actuator.observe(workload).startupSeconds
        return seconds.count >= 2 && seconds.allSatisfy { $0 > 0 && $0.isFinite } ? [] : ["\(seconds)"]
    }

    /// The older instance of the two stays, and stays ready.
    private func cutsYoungest() async throws -> [String] {
        let before = try await actuator.observe(workload).instances
        try await actuator.scale(workload, to: 1)
        let findings = try await wait { $0.instances.count == 1 && $0.count(.ready) == 1 }
        let after = try await actuator.observe(workload).instances
        return findings + (after.first?.id == before.first?.id ? [] : ["\(before) became \(after)"])
    }

    private func growsAgain() async throws -> [String] {
        try await actuator.scale(workload, to: 3)
        return try await wait { $0.count(.ready) == 3 } + givesEndpoints()
    }

    private func leavesNothing() async throws -> [String] {
        try await actuator.scale(workload, to: 0)
        let findings = try await actuator.observe(workload).count(.ready) == 0 ? [] : ["still ready after the cut"]
        return try await findings + wait { $0.instances.isEmpty }
    }

    private func wait(until isReached: (InstanceReport) -> Bool) async throws -> [String] {
        let end = ContinuousClock.now + deadline
        while true {
            let report = try await actuator.observe(workload)
            if isReached(report) { return [] }
            guard ContinuousClock.now < end else { return ["not within \(deadline): \(report)"] }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

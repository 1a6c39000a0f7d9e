package import Ports
package import Units

/// What every actuator must do; each function returns what was wrong, empty when nothing was.
package enum ActuatorConformance {
    package static func refusesUnknown(_ actuator: some Actuator, _ unknown: WorkloadID) async -> [String] {
        do throws(ActuatorError) {
            _ = try await actuator.observe(unknown)
            return ["observe took an unknown workload"]
        } catch {
            return error.code == .unknownWorkload ? [] : ["unknown workload gave \(error.code)"]
        }
    }

    /// Scaling twice to one count changes nothing, and observe tells the count at once.
    package static func scalesIdempotently(
        _ actuator: some Actuator, _ workload: WorkloadID, to count: Int
    ) async throws(ActuatorError) -> [String] {
        try await actuator.scale(workload, to: count)
        let first = try await actuator.observe(workload)
        try await actuator.scale(workload, to: count)
        let second = try await actuator.observe(workload)
        let isSame = first.instances.map(\.id) == second.instances.map(\.id)
        return (second.desired == count ? [] : ["desired \(second.desired), not \(count)"])
            + (isSame ? [] : ["a repeated scale changed the instances"])
    }
}

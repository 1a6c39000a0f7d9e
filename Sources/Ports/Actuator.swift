package import Units

/// Carries out desired counts on something that runs instances.
package protocol Actuator: Sendable {
    /// As in the configuration: `process`, `docker`, …
    var name: String { get }

    /// What is there now, and how long starts have taken.
    func observe(_ workload: WorkloadID) async throws(ActuatorError) -> InstanceReport

    /// Makes `desired` instances wanted, and returns once that is taken on, not once they are ready. Idempotent.
    ///
    /// A cut stops the youngest starting instances first, then ready ones, each gracefully.
    func scale(_ workload: WorkloadID, to desired: Int) async throws(ActuatorError)
}

/// The instances of one workload.
package struct InstanceReport: Hashable, Sendable {
    package let desired: Int
    package let instances: [Instance]
    /// Seconds from start to warm of the latest starts, oldest first, a bounded number of them.
    package let startupSeconds: [Double]

    package init(desired: Int, instances: [Instance], startupSeconds: [Double]) {
        (self.desired, self.instances, self.startupSeconds) = (desired, instances, startupSeconds)
    }

    package func count(_ state: Instance.State) -> Int { instances.count { $0.state == state } }
}

/// One instance.
package struct Instance: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        /// Asked for, not yet ready and warm.
        case starting
        /// Ready and warm.
        case ready
        /// Draining on its way out.
        case stopping
        /// Waiting to be started again after a crash.
        case backingOff
    }
    package let id: String
    package let state: State
    /// Where it serves, `127.0.0.1:9301`; nil where the engine routes itself.
    package let endpoint: String?
    package let restarts: Int
    /// Why it last ended by itself or did not start, for an operator; nil when nothing has failed.
    package let lastFailure: String?

    package init(id: String, state: State, endpoint: String?, restarts: Int, lastFailure: String? = nil) {
        (self.id, self.state, self.endpoint, self.restarts) = (id, state, endpoint, restarts)
        self.lastFailure = lastFailure
    }
}

/// Why an actuator did not do it; the text is what an operator reads at night.
package struct ActuatorError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        case unknownWorkload, invalidRequest, unreachable, refused, cancelled
    }
    package let code: Code
    package let isRetryable: Bool
    package let detail: String

    package init(_ code: Code, isRetryable: Bool, _ detail: String) {
        (self.code, self.isRetryable, self.detail) = (code, isRetryable, detail)
    }
    package var description: String { detail }
}

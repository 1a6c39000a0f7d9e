/// How one workload's instances are run as local processes. Never a shell: arguments reach the program as written.
package struct ProcessSpec: Hashable, Sendable {
    /// What says that an instance can serve.
    package enum Readiness: Hashable, Sendable {
        /// A GET on this path answers 200 to 299.
        case http(path: String)
        /// The command ends with status 0; `{port}` is substituted.
        case command([String])
    }
    /// The program and its arguments; `{port}` is replaced by the instance's port.
    package var argv: [String]
    package var environment: [String: String] = [:]
    package var ports: ClosedRange<UInt16> = 20000...29999
    package var readiness: Readiness = .http(path: "/")
    /// Paths fetched in this order before an instance counts as ready; each must answer 200 to 299.
    package var warmUpPaths: [String] = []
    /// Limit from the decision to start to ready and warm, seconds.
    package var readyDeadline = 60.0
    /// From SIGTERM to SIGKILL, seconds.
    package var stopGrace = 10.0
    /// Seconds before a restart: the first, and the limit of its doubling.
    package var backOff: ClosedRange<Double> = 0.5...60
    /// Program and arguments of the guard, put before `--` and `argv`: the path of `forecast`, `instance-guard`,
    /// `--grace` and the grace. Required: without it, instances would outlive a daemon that is killed.
    package var guardCommand: [String] = []

    package init(argv: [String]) { self.argv = argv }

    func arguments(port: UInt16) -> [String] { guardCommand + ["--"] + Self.fill(argv, port: port) }

    /// A readiness command runs guarded too, so that it outlives nothing; it gets no grace.
    func probeArguments(_ words: [String], port: UInt16) -> [String] {
        guardCommand + ["--grace", "0", "--"] + Self.fill(words, port: port)
    }

    private static func fill(_ words: [String], port: UInt16) -> [String] {
        words.map { $0.replacing("{port}", with: "\(port)") }
    }
}

/// Seconds to wait before each restart, doubling up to a limit.
package struct BackOff: Hashable, Sendable {
    private let bounds: ClosedRange<Double>
    private var upcoming: Double

    package init(_ bounds: ClosedRange<Double>) { (self.bounds, upcoming) = (bounds, bounds.lowerBound) }

    package mutating func next() -> Double {
        defer { upcoming = min(upcoming * 2, bounds.upperBound) }
        return upcoming
    }

    package mutating func reset() { upcoming = bounds.lowerBound }
}

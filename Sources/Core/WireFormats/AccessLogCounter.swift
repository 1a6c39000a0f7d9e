package import Series
internal import Units

/// Counts the lines of access logs by route and step.
///
/// * A log says what happened all the time that it covers, so a step without a line between the first and the last is a
///   measured zero, for every route. The first and the last step may have been covered in part only; they are kept, so that
///   every line is counted somewhere, unless the caller asks for whole steps alone.
/// * The first `maximumRoutes` routes that were answered with anything but 400, 404 or 405 get a series each; the rest is `other`,
///   and so are requests that were no HTTP. What scanners guess at does not use up the routes.
/// * Lines may come in any order and from several files.
package struct AccessLogCounter: Sendable {
    private let step: Int64
    private let maximumRoutes: Int
    private let maximumCells: Int64
    private var slots: [String: Int] = [:]
    private var routes: [String] = [otherRoute]
    /// By row and slot of the route.
    private var counts: [Int64: [Int32: Int]] = [:]

    package private(set) var lines = 0, malformedLines = 0
    /// The first line that was malformed, counted from 1 over all lines given, and what was wrong with it.
    package private(set) var firstProblem: (line: Int, problem: String)?

    package static let otherRoute = "other"

    /// `step` is in seconds; `maximumCells` bounds the counts given back, zeros among them, over all routes.
    package init(step: Int, maximumRoutes: Int = 200, maximumCells: Int = 20_000_000) {
        precondition(step > 0 && maximumRoutes >= 0, "a step lasts")
        (self.step, self.maximumRoutes) = (Int64(step) * 1_000, maximumRoutes)
        self.maximumCells = Int64(maximumCells)
    }

    /// Counts one line, without its end; an empty one is nothing. Complexity: linear in the line.
    package mutating func count(_ line: ArraySlice<UInt8>) {
        let line = line.last == 13 ? line.dropLast() : line
        lines += 1
        guard !line.isEmpty else { return }
        do throws(LineProblem) { count(try AccessLogEntry(parsing: line)) } catch {
            malformedLines += 1
            firstProblem = firstProblem ?? (lines, error.description)
        }
    }

    package mutating func count(_ entry: AccessLogEntry) {
        let row = entry.time.millisecondsSinceEpoch.flooredDivision(by: step).quotient
        counts[row, default: [:]][slot(of: entry), default: 0] += 1
    }

    private mutating func slot(of entry: AccessLogEntry) -> Int32 {
        if let known = slots[entry.route] { return Int32(known) }
        let isFound = ![400, 404, 405].contains(entry.status)
        guard isFound, !entry.route.isEmpty, entry.route != Self.otherRoute, slots.count < maximumRoutes,
            entry.route.utf8.count <= SeriesKey.Limits.valueBytes
        else { return 0 }
        slots[entry.route] = routes.count
        routes.append(entry.route)
        return Int32(routes.count - 1)
    }

    /// The counts so far, a series a route: `metric` with `labels` and `route`. A count belongs to [time, time + step).
    ///
    /// Throws where a name will not do, or where the lines span more steps than a series may have or than `maximumCells`
    /// over all routes: one line of a wrong year must not become gigabytes of zeros. Complexity: linear in the cells.
    package func samples(
        metric: String, labels: [SeriesKey.Label] = [], wholeStepsOnly: Bool = false
    ) throws(LineProblem) -> SampleBatch {
        var batch = SampleBatch()
        guard var first = counts.keys.min(), var last = counts.keys.max() else { return batch }
        if wholeStepsOnly { (first, last) = (first + 1, last - 1) }
        let isOtherUsed = counts.values.contains { $0[0] != nil }
        try checkSize(last - first + 1)
        for slot in routes.indices where slot > 0 || isOtherUsed {
            let key = try key(metric, labels, route: routes[slot])
            var samples = SampleColumns()
            for row in stride(from: first, through: last, by: 1) {
                let count = counts[row]?[Int32(slot)] ?? 0
                samples.append(Timestamp(millisecondsSinceEpoch: row * step), Double(count))
            }
            batch.append(key, contentsOf: samples)
        }
        return batch
    }

    private func checkSize(_ rows: Int64) throws(LineProblem) {
        guard rows <= GridError.maximumRows, rows * Int64(routes.count) <= maximumCells else {
            throw LineProblem(
                "the log spans \(rows) steps of \(step / 1_000) s with \(routes.count) routes: too many; check its times, "
                    + "take a longer step or fewer routes")
        }
    }

    private func key(_ metric: String, _ labels: [SeriesKey.Label], route: String) throws(LineProblem) -> SeriesKey {
        do throws(SeriesNameError) {
            return try SeriesKey(metric: metric, labels: labels + [SeriesKey.Label(name: "route", value: route)])
        } catch {
            throw LineProblem(error.description)
        }
    }
}

/// `count` instants, `step` whole seconds apart, from `start` on. Row *i* stands for [`time(of: i)`, `time(of: i + 1)`).
package struct TimeGrid: Hashable, Sendable {
    package let start: Timestamp
    /// Seconds between neighbours, at least 1.
    package let step: Int
    package let count: Int

    /// - Precondition: `step` ≥ 1 and `count` ≥ 0.
    package init(start: Timestamp, step: Int, count: Int) {
        precondition(step >= 1 && count >= 0, "a grid has a step of at least one second and no negative length")
        (self.start, self.step, self.count) = (start, step, count)
    }

    /// The first instant after the last row.
    package var end: Timestamp { time(of: count) }

    package func time(of row: Int) -> Timestamp { start.advanced(bySeconds: row * step) }

    /// The row that holds `time`; below 0 or at least `count` when it lies outside.
    package func row(holding time: Timestamp) -> Int {
        let offset = time.millisecondsSinceEpoch - start.millisecondsSinceEpoch
        return Int(offset.flooredDivision(by: Int64(step) * 1_000).quotient)
    }

    /// The row that starts exactly at `time`, from 0 to `count` inclusive (a range may end there); nil off the grid.
    package func row(startingAt time: Timestamp) -> Int? {
        let row = row(holding: time)
        guard (0...count).contains(row), self.time(of: row) == time else { return nil }
        return row
    }
}

package import Units

/// The windows of a series that hold samples, ascending; those without are left out.
///
/// Window *n* spans [n · step, (n + 1) · step) seconds since 1970. Longer windows are always put together from the same
/// shorter ones (`rollupSteps`), so that sums, which depend on their order in the last bits, come out the same wherever a part of
/// them was kept.
package struct WindowColumns: Hashable, Sendable {
    /// The windows that a store may keep, seconds, each made from those before.
    package static let rollupSteps = [300, 3_600]

    /// Seconds that a window spans, at least 1.
    package let step: Int
    package private(set) var numbers: [Int64] = []
    package private(set) var windows: [Window] = []

    /// - Precondition: `step` ≥ 1.
    package init(step: Int) {
        precondition(step >= 1, "a window spans at least a second")
        self.step = step
    }

    package var count: Int { numbers.count }

    /// Samples in windows, by way of the rollups' windows where `step` is a multiple of theirs. `times` ascend, milliseconds; what
    /// is not finite is passed over. Complexity: linear.
    package init(times: [Int64], values: [Double], step: Int) {
        var columns = WindowColumns(step: Self.rollupSteps.first { step % $0 == 0 } ?? step)
        let width = Int64(columns.step) * 1_000
        var current: (number: Int64, end: Int64, window: Window)?
        for (time, value) in zip(times, values) where value.isFinite {
            if current != nil, time < current?.end ?? .min {
                current?.window.add(value)
                continue
            }
            let number = time.flooredDivision(by: width).quotient
            if current?.number == number {
                current?.window.add(value)
                continue
            }
            if let current { columns.appendSettled(current.number, current.window) }
            let (start, isFarPast) = number.multipliedReportingOverflow(by: width)
            let (end, isFarFuture) = start.addingReportingOverflow(width)
            current = (number, isFarPast ? .min : isFarFuture ? .max : end, Window(value))
        }
        if let current { columns.appendSettled(current.number, current.window) }
        self = columns.folded(to: step)
    }

    package init(_ samples: SampleColumns, step: Int) {
        self.init(times: samples.timestamps.map(\.millisecondsSinceEpoch), values: samples.values, step: step)
    }

    /// Appends a window that follows all there are.
    package mutating func append(_ number: Int64, _ window: Window) {
        numbers.append(number)
        windows.append(window)
    }

    /// Appends windows of the same step that follow all there are.
    package mutating func append(_ later: WindowColumns) {
        numbers += later.numbers
        windows += later.windows
    }

    private mutating func appendSettled(_ number: Int64, _ window: Window) {
        append(number, Self.rollupSteps.contains(step) ? window.settled() : window)
    }

    /// The same in windows of `longer` seconds. Complexity: linear.
    ///
    /// - Precondition: `longer` is a multiple of `step`.
    package func folded(to longer: Int) -> WindowColumns {
        precondition(longer % step == 0, "a window is put together from whole ones")
        guard longer != step else { return self }
        if let between = Self.rollupSteps.first(where: {
            $0 > step && $0 < longer && longer % $0 == 0 && $0 % step == 0
        }) {
            return folded(to: between).folded(to: longer)
        }
        let factor = Int64(longer / step)
        var folded = WindowColumns(step: longer)
        var current: (number: Int64, window: Window)?
        for (number, window) in zip(numbers, windows) {
            let target = number.flooredDivision(by: factor).quotient
            if current?.number == target {
                current?.window.add(window)
            } else {
                if let current { folded.appendSettled(current.number, current.window) }
                current = (target, window)
            }
        }
        if let current { folded.appendSettled(current.number, current.window) }
        return folded
    }

    /// The windows whose numbers lie within `range`. Complexity: linear.
    package func within(_ range: Range<Int64>) -> WindowColumns {
        guard let first = numbers.first, let last = numbers.last, !(range.contains(first) && range.contains(last))
        else {
            return self
        }
        var part = WindowColumns(step: step)
        for (number, window) in zip(numbers, windows) where range.contains(number) { part.append(number, window) }
        return part
    }

    /// The numbers of the windows of `step` seconds that begin at or after the one that holds the start of `range`, and before the
    /// one that holds its end.
    package static func numbers(of step: Int, in range: Range<Timestamp>) -> Range<Int64> {
        let width = Int64(step) * 1_000
        let first = range.lowerBound.millisecondsSinceEpoch.flooredDivision(by: width).quotient
        return first..<range.upperBound.millisecondsSinceEpoch.flooredDivision(by: width).quotient
    }
}

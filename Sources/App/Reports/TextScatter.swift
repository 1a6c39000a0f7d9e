/// Points of several groups on a grid of characters, a letter a group, with round numbers on both axes.
package struct TextScatter: Sendable {
    private static let colours = ["36", "33", "35", "32", "34", "31"]
    private let width: Int, height: Int
    private let xName: String, yName: String
    private var groups: [(name: String, letter: Character, x: [Double], y: [Double])] = []

    /// `width` and `height` in characters; the height is that of the grid alone.
    package init(width: Int, height: Int, x: String, y: String) {
        (self.width, self.height, xName, yName) = (max(30, width), max(4, height), x, y)
    }

    /// Adds a group; where points share a place, the one added last is seen. Its letter is the first of its name that is free.
    ///
    /// - Precondition: `x` and `y` have one length.
    package mutating func add(_ name: String, x: [Double], y: [Double]) {
        precondition(x.count == y.count, "a point has an x and a y")
        let taken = Set(groups.map(\.letter))
        let letter = name.first { $0.isLetter && !taken.contains($0) } ?? "*"
        groups.append((name, letter, x, y))
    }

    /// Lines of at most `width` characters; `isColoured` gives each group a colour by ANSI codes.
    package func rendered(isColoured: Bool = false) -> String {
        let x = groups.flatMap(\.x).filter(\.isFinite), y = groups.flatMap(\.y).filter(\.isFinite)
        guard let left = x.min(), let right = x.max(), let top = y.max() else { return "no points to draw\n" }
        let across = ValueTicks(from: left, to: right, target: max(2, width / 14))
        let up = ValueTicks(from: min(0, y.min() ?? 0), to: top, target: height / 4)
        let margin = (up.ticks.map(\.label.count).max() ?? 1) + 2
        let grid = cells(columns: width - margin - 1, across, up)
        var lines = [yName]
        for row in 0..<height { lines.append(label(row, up, margin) + text(grid[row], isColoured)) }
        lines += axis(across, margin: margin, columns: width - margin - 1)
        lines += wrapped(groups.reversed().map { "\($0.letter) \($0.name)" }.joined(separator: "   "), width: width)
        return lines.joined(separator: "\n") + "\n"
    }

    /// The number of the group seen at each place, by rows from the top.
    private func cells(columns: Int, _ across: ValueTicks, _ up: ValueTicks) -> [[Int?]] {
        var grid = Array(repeating: [Int?](repeating: nil, count: columns), count: height)
        for (number, group) in groups.enumerated() {
            for (x, y) in zip(group.x, group.y) where x.isFinite && y.isFinite {
                grid[height - 1 - place(y, up, height)][place(x, across, columns)] = number
            }
        }
        return grid
    }

    private func place(_ value: Double, _ ticks: ValueTicks, _ count: Int) -> Int {
        let share = (value - ticks.lower) / (ticks.upper - ticks.lower)
        return min(max(Int((share * Double(count - 1)).rounded()), 0), count - 1)
    }

    private func label(_ row: Int, _ up: ValueTicks, _ margin: Int) -> String {
        let tick = up.ticks.first { height - 1 - place($0.position, up, height) == row }
        let label = tick?.label ?? ""
        return String(repeating: " ", count: margin - 2 - label.count) + label + (tick == nil ? " |" : " +")
    }

    private func text(_ cells: [Int?], _ isColoured: Bool) -> String {
        var line = ""
        for cell in cells {
            guard let cell else {
                line += " "
                continue
            }
            let letter = String(groups[cell].letter), code = Self.colours[cell % Self.colours.count]
            line += isColoured ? "\u{1B}[\(code)m\(letter)\u{1B}[0m" : letter
        }
        while line.last == " " { line.removeLast() }
        return line
    }

    /// The line under the grid, its numbers and what they are.
    private func axis(_ across: ValueTicks, margin: Int, columns: Int) -> [String] {
        var rule = [Character](repeating: "-", count: columns)
        var labels = [Character](repeating: " ", count: width)
        var free = 0
        for tick in across.ticks {
            let column = place(tick.position, across, columns)
            rule[column] = "+"
            let start = min(max(0, margin + column - tick.label.count / 2), width - tick.label.count)
            guard start >= free else { continue }
            for (offset, character) in tick.label.enumerated() { labels[start + offset] = character }
            free = start + tick.label.count + 1
        }
        while labels.last == " " { labels.removeLast() }
        let indent = String(repeating: " ", count: margin)
        return [String(repeating: " ", count: margin - 1) + "+" + String(rule), String(labels), indent + xName]
    }
}

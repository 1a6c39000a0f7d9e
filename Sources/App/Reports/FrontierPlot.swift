import Kernels
package import Simulation

/// Cost against lateness in characters: a letter a family, the lateness in powers of ten.
package struct FrontierPlot: Sendable {
    /// Beyond this multiple of the cheapest nothing is drawn, so that what matters can be told apart.
    private static let mostShown = 2.5
    /// More than this is no setting that anyone would take.
    private static let latest = 0.3
    private static let letters = Array("abcdefghijklmnopqrstuvwxyz")

    private let families: [FrontierFamily]

    package init(_ families: [FrontierFamily]) { self.families = families }

    /// In `height` lines of at most `width` characters, and a legend; with a line break at the end.
    package func rendered(width: Int = 80, height: Int = 18) -> String {
        let points = families.flatMap(\.points).filter(Self.isShown)
        guard let least = points.map(\.cost).min(), let most = points.map(\.cost).max() else { return "no settings\n" }
        let top = max(min(most, max(least, 1) * Self.mostShown), least + 0.1)
        let columns = max(20, min(width, 120) - 8), rows = max(6, height - 3)
        let decades = Self.decades(points)
        var lines = [[Character]](repeating: [Character](repeating: " ", count: columns), count: rows)
        // The first family is drawn last, over the others.
        for (number, family) in families.enumerated().reversed() {
            for point in family.points where Self.isShown(point) && point.cost <= top {
                let across = (Self.decade(point.figures.late) - decades.low) / (decades.high - decades.low)
                let down = (top - point.cost) / (top - least)
                let column = Self.place(across, columns), row = Self.place(down, rows)
                lines[row][column] = letter(number)
            }
        }
        var text = "cost\n"
        for (row, line) in lines.enumerated() {
            let value = top - (top - least) * Double(row) / Double(max(1, rows - 1))
            let label = row % 4 == 0 || row == rows - 1 ? fixedText(value, digits: 2) : ""
            text += trimmed(String(repeating: " ", count: max(0, 6 - label.count)) + label + " │" + String(line)) + "\n"
        }
        text += axis(decades, columns)
        return text + legend(width)
    }

    private func axis(_ decades: (low: Double, high: Double), _ columns: Int) -> String {
        var rule = [Character](repeating: "─", count: columns), labels = ""
        for decade in stride(from: decades.low, through: decades.high, by: 1) {
            let column = Self.place((decade - decades.low) / (decades.high - decades.low), columns)
            rule[column] = "┴"
            let name = Self.name(decade)
            let start = min(max(0, column - name.count / 2), columns - name.count)
            guard labels.isEmpty || start > labels.count else { continue }
            labels += String(repeating: " ", count: start - labels.count) + name
        }
        return "       └" + String(rule) + "\n        " + labels + "\n"
    }

    private func legend(_ width: Int) -> String {
        let entries = families.indices.map { "\(letter($0)) \(families[$0].name)" }
        return wrapped("late: " + entries.joined(separator: ", "), width: width).joined(separator: "\n") + "\n"
    }

    private func letter(_ number: Int) -> Character {
        switch families[number].role {
        case .predictive: "P"
        case .bound: "*"
        case .peer: Self.letters[max(0, families[..<number].count { $0.role == .peer }) % Self.letters.count]
        }
    }

    private static func isShown(_ point: FrontierPoint) -> Bool { point.cost.isFinite && point.figures.late <= latest }

    /// From the hundred-thousandth, or what is a little below the least, to one.
    private static func decades(_ points: [FrontierPoint]) -> (low: Double, high: Double) {
        let late = points.map { decade($0.figures.late) }
        return (max(-5, min(-3, (late.min() ?? -3).rounded(.down))), decade(latest))
    }

    private static func decade(_ late: Double) -> Double { logarithm(min(max(late, 1e-5), 1)) / logarithm(10) }

    private static func place(_ share: Double, _ count: Int) -> Int {
        min(max(Int((share * Double(count - 1)).rounded()), 0), count - 1)
    }

    private static func name(_ decade: Double) -> String {
        switch decade {
        case 0: "100%"
        case -1: "10%"
        case -2: "1%"
        case -3: "0.1%"
        case -4: "0.01%"
        default: "0.001%"
        }
    }

    private func trimmed(_ text: String) -> String {
        var text = text
        while text.last == " " { text.removeLast() }
        return text
    }
}

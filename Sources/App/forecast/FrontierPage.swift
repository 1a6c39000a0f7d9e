import Kernels
import Reports
import Simulation
import Units

/// The page of a frontier: the verdict, the curves, and every table.
func frontierPage(_ result: FrontierResult) -> String {
    var page = HTMLReport(title: "How aggressive should scaling be? \(result.traceName)")
    page.note(result.verdict.sentences.joined(separator: " "))
    page.list(result.notes)
    page.section("Cost against lateness")
    page.figure(
        curves(result),
        caption:
            "Each line is a family at every setting. Further left fewer requests are late: -2 is one in a hundred, -3 one in a "
            + "thousand. Lower is cheaper.")
    page.table(result.levelTable)
    return page.rendered()
}

private func curves(_ result: FrontierResult) -> SVGChart {
    var chart = SVGChart(
        title: "Cost against lateness", unit: "cost, as a multiple of the clairvoyant's",
        xAxis: .number("late, power of ten"), baseline: nil)
    let most = 3 * (result.families.flatMap(\.points).map(\.cost).min() ?? 1)
    for (colour, family) in result.families.enumerated() {
        let points = family.points.filter { $0.cost <= most }.sorted { $0.figures.late < $1.figures.late }
        chart.line(
            family.name, x: points.map { logarithm(max($0.figures.late, 1e-6)) / logarithm(10) }, y: points.map(\.cost),
            style: family.role == .bound ? .dashed : .solid, colour: colour)
    }
    return chart
}

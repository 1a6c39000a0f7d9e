import Foundation
import Reports
import Testing

@Suite struct TmpDump {
    @Test func dump() throws {
        try BacktestPageTests.dumped.write(
            to: URL(filePath: "/tmp/wt/report-page.html"), atomically: true, encoding: .utf8)
        try BacktestPageTests.dumpedMonth.write(
            to: URL(filePath: "/tmp/wt/report-month.html"), atomically: true, encoding: .utf8)
    }
}
extension BacktestPageTests {
    static var dumped: String { page.rendered() }
    static var dumpedMonth: String {
        var p = page;
        p.timeline = timeline(days: 30, moments: [.init(42_000..<42_900, "1"), .init(1_042_000..<1_042_900, "2")]);
        return p.rendered()
    }
}

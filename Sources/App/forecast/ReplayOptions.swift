import ArgumentParser
import Foundation
import InputFiles
import Series
import Units

/// What is replayed, and how: shared by the commands that replay.
struct ReplayOptions: ParsableArguments {
    @Option(help: "A CSV trace, plain or gzip.")
    var trace: String
    @Option(help: "The series of the trace, where there are several.")
    var series: String?
    @Option(help: "The scored part starts at this time, such as 2026-03-01T08:00:00Z.")
    var from: Timestamp?
    @Option(help: "The scored part ends at this time.")
    var to: Timestamp?
    @Option(help: "Seconds between decisions.")
    var tick = 15
    @Option(help: "The model behind predictive.")
    var model = "auto"
    @OptionGroup(title: "The service, and what if")
    var whatIf: WhatIfOptions

    func validate() throws {
        if !(1...3_600).contains(tick) { throw ValidationError("--tick must be between 1 and 3600 seconds.") }
    }

    /// As `WhatIfOptions.setting`, of the trace that is named.
    func setting(startsInTheMiddle: Bool) throws -> ReplaySetting {
        try whatIf.setting(
            TraceFile(path: trace).pick(series), from: from, to: to, startsInTheMiddle: startsInTheMiddle)
    }

    /// The file and the series, as reports name them.
    var traceName: String { URL(filePath: trace).lastPathComponent + (series.map { " \($0)" } ?? "") }
}

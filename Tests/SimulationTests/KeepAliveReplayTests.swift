import Foundation
import InputFiles
import Kernels
import Planning
import Series
import Simulation
import TestSupport
import Testing

/// Windows replayed by hand, by the rules written out minute by minute, and beside the reference.
@Suite struct KeepAliveReplayTests {
    @Test func aTraceCountedByHand() throws {
        let function = FunctionCalls(name: "f", gigabytes: 1, counts: [2, 0, 0, 3, 0, 0, 0, 1, 0, 0])
        let alone = FunctionCalls(name: "g", counts: [0, 5, 0, 0, 0, 0, 0, 0, 0, 0])
        let windows: [[KeepAliveWindow]] = [
            // Warm at its end; cold by half a minute, idle for it all; loaded past the end.
            [
                .init(prewarm: 1, keepalive: 2), .init(prewarm: 0, keepalive: 3.5), .init(prewarm: 2, keepalive: 9),
            ], [.init(prewarm: 0, keepalive: 99)],
        ]
        let figures = try #require(replayKeepAlive([function, alone], windows))
        #expect(figures.functions == 1 && figures.invocations == 4 && figures.coldStarts == 1)
        #expect(figures.coldTotal == 0.25 && figures.coldMean == 0.25 && figures.coldP90 == 0.25)
        #expect(figures.wasteMinutes == 2 + 3.5 + 1)
        #expect(abs(figures.rum - (0.808 + 6.5 * 60 / 99.69)) < 1e-12)
        #expect(abs(figures.cost(.init(coldStart: 3, idleHour: 60)) - 9.5) < 1e-12)
        #expect(replayKeepAlive([alone], [windows[1]]) == nil)
        #expect(replayKeepAlive([], []) == nil)
    }

    /// Whole-minute windows told from each minute in turn whether the function is loaded then.
    @Test func wholeMinutesAreWhatCountingThemGives() throws {
        var random = SplitMix64(seed: 17)
        for _ in 0..<100 {
            let counts = (0..<80).map { _ in random.next() % 6 == 0 ? Double(1 + random.next() % 3) : 0 }
            let function = FunctionCalls(name: "f", counts: counts)
            guard function.busy.count > 1 else { continue }
            let windows = function.busy.map { _ in
                KeepAliveWindow(prewarm: Double(random.next() % 5), keepalive: Double(random.next() % 9))
            }
            let figures = try #require(replayKeepAlive([function], [windows]))
            var (cold, waste) = (0, 0)
            for (place, window) in windows.enumerated() {
                let minute = function.busy[place]
                let from = minute + Int(window.prewarm), through = from + Int(window.keepalive)
                let next = place + 1 < function.busy.count ? function.busy[place + 1] : nil
                if let next, !(from...through).contains(next) { cold += 1 }
                waste += (minute..<(next ?? 80)).filter { $0 >= from && $0 < through }.count
            }
            #expect(figures.coldStarts == cold && figures.wasteMinutes == Double(waste))
        }
    }

    @Test func aMinuteIsToldOnceWithAllThatWereCalledInIt() {
        let functions = [
            FunctionCalls(name: "a", counts: [0, 2, 0, 1]), FunctionCalls(name: "b", counts: [0, 0, 0, 4, 5]),
        ]
        let windows = keepAliveWindows(Recorder(), functions)
        #expect(windows.map { $0.map(\.prewarm) } == [[1, 3], [3, 4]])
        #expect(windows.map { $0.map(\.keepalive) } == [[1, 2], [2, 1]])
    }

    private struct Recorder: KeepAlivePolicy {
        let name = "recorder"
        /// The minute, and how many functions were called in it.
        mutating func windows(after minute: Int, _ calls: [MinuteCalls]) -> [KeepAliveWindow] {
            calls.map { _ in KeepAliveWindow(prewarm: Double(minute), keepalive: Double(calls.count)) }
        }
    }

    /// A small trace of timers, people and the rarely called, for every policy.
    @Test func goldenFigures() throws {
        var random = SplitMix64(seed: 1)
        var functions: [FunctionCalls] = []
        for (number, period) in [1, 5, 15, 30, 60, 60].enumerated() {
            let counts = (0..<480).map { ($0 + 7 * number) % period == 0 ? 1.0 : 0 }
            functions.append(FunctionCalls(name: "timer-\(number)", gigabytes: 0.1, counts: counts))
        }
        for often: UInt64 in [3, 20, 50, 150, 240] {
            let counts = (0..<480).map { _ in random.next() % often == 0 ? Double(1 + random.next() % 4) : 0 }
            functions.append(FunctionCalls(name: "people-\(often)", gigabytes: 0.25, counts: counts))
        }
        let names = ["prewarm", "prewarm:2", "hybrid-histogram", "hazard", "ski-rental", "fixed:10", "never-unload"]
        var text = ""
        for name in names {
            let terms = KeepAliveTerms(gigabytes: functions.map(\.gigabytes))
            let policy = try KeepAliveCatalogue.policy(parsing: name, terms: terms)
            let figures = try #require(replayKeepAlive(functions, keepAliveWindows(policy, functions)))
            text +=
                "\(name): \(figures.coldStarts) cold of \(figures.invocations), mean \(thousandths(figures.coldMean)), "
            text += "idle \(thousandths(figures.wasteMinutes)) min, RUM \(thousandths(figures.rum)) s\n"
        }
        try expectGolden(text, "keepalive.txt")
    }

    private func thousandths(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }

    // MARK: Beside the reference

    private struct Reference: Decodable {
        let functions: Int, invocations: Double, coldTotal: Double, coldMean: Double
        let coldP50: Double, coldP75: Double, coldP90: Double, wasteMinutes: Double
    }

    static let trace = SharedData.data("azure_functions_2019_8h_1min_A.csv.gz").path

    /// Where the reference has the policy itself, its windows are the same; else it is given ours.
    @Test(
        .enabled(if: JudgeAgreementTests.isPossible),
        arguments: ["prewarm", "hybrid-histogram", "hazard", "ski-rental", "fixed:10", "never-unload"])
    func figuresAreTheReferences(name: String) async throws {
        let functions = try FunctionCallsFile.read(path: Self.trace)
        let terms = KeepAliveTerms(gigabytes: functions.map(\.gigabytes))
        let policy = try KeepAliveCatalogue.policy(parsing: name, terms: terms)
        let windows = keepAliveWindows(policy, functions)
        let ours = try #require(replayKeepAlive(functions, windows))
        let isKnown = ["hybrid-histogram", "fixed:10", "never-unload"].contains(name)
        var references = [try await judged(functions, windows)]
        if isKnown { references.append(try reference(["--policy", name])) }
        for reference in references {
            #expect(ours.functions == reference.functions && ours.invocations == reference.invocations)
            let pairs = [
                (ours.coldTotal, reference.coldTotal), (ours.coldMean, reference.coldMean),
                (ours.coldP50, reference.coldP50), (ours.coldP75, reference.coldP75),
                (ours.coldP90, reference.coldP90), (ours.wasteMinutes, reference.wasteMinutes),
            ]
            for (a, b) in pairs { #expect(abs(a - b) <= 1e-9 * abs(b) + 1e-12) }
        }
    }

    /// The aim: no more cold starts than the hybrid histogram at four fifths of its idle time.
    @Test(.enabled(if: SharedData.isPresent))
    func prewarmNeedsLessThanTheHybridHistogram() throws {
        let functions = try FunctionCallsFile.read(path: Self.trace)
        let terms = KeepAliveTerms(gigabytes: functions.map(\.gigabytes))
        func figures(_ name: String, _ part: [FunctionCalls]) throws -> KeepAliveFigures {
            let policy = try KeepAliveCatalogue.policy(parsing: name, terms: terms)
            return try #require(replayKeepAlive(part, keepAliveWindows(policy, part)))
        }
        let halves = [0, 1].map { half in functions.indices.filter { $0 % 2 == half }.map { functions[$0] } }
        for part in [functions] + halves {
            let ours = try figures("prewarm", part), peer = try figures("hybrid-histogram", part)
            #expect(ours.coldMean <= peer.coldMean)
            #expect(ours.wasteMinutes <= 0.8 * peer.wasteMinutes)
        }
    }

    private func judged(_ functions: [FunctionCalls], _ windows: [[KeepAliveWindow]]) async throws -> Reference {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "windows.csv")
            var text = "series,minute,prewarm,keepalive\n"
            for (function, windows) in zip(functions, windows) {
                for (minute, window) in zip(function.busy, windows) {
                    text += "\(function.name),\(minute),\(window.prewarm),\(window.keepalive)\n"
                }
            }
            try text.write(to: file, atomically: true, encoding: .utf8)
            return try reference(["--windows", file.path])
        }
    }

    private func reference(_ arguments: [String]) throws -> Reference {
        let judge = SharedData.judge("keepalive.py").path
        return try JSONDecoder().decode(
            Reference.self, from: python([judge, "--trace", Self.trace] + arguments))
    }
}

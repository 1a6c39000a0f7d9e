import Foundation
import TestSupport
import Testing

/// The rules of docs/ARCHITECTURE.md, executed.
@Suite struct ArchitectureTests {
    /// Modules from the bottom up; a module imports only modules of the project that stand before it.
    static let order = [
        "COpenBLAS", "CSnappy", "Units", "Kernels", "Series", "Forecasting", "Planning", "Simulation", "WireFormats",
        "Ports", "CZlib", "CInstanceGuard", "SeriesStoreSQLite", "ActuatorProcess", "Calendars", "InputFiles",
        "PublicDatasets", "TLSTrust", "Scraping", "StatsDReceiver", "RemotePrometheus", "Telemetry", "Settings",
        "Reports", "ControlLoop",
        "HTTPAPI",
        "Demo", "forecast", "TestSupport", "ConformanceKit", "FakeServers",
        "FuzzDecoders", "NetBenchmark",
    ]

    @Test func importsPointOneWay() throws {
        for file in try sources() {
            guard let place = Self.order.firstIndex(of: file.module) else {
                Issue.record("\(file.path): module \(file.module) is not in the list of layers")
                continue
            }
            for imported in file.imports {
                guard let target = Self.order.firstIndex(of: imported) else { continue }
                #expect(target < place, "\(file.path): \(file.module) must not import \(imported)")
            }
        }
    }

    @Test func planningKnowsNoForecaster() throws {
        for file in try sources() where file.module == "Planning" {
            #expect(!file.imports.contains("Forecasting"), "\(file.path)")
        }
    }

    @Test func adaptersDoNotKnowEachOther() throws {
        let adapters: Set = [
            "SeriesStoreSQLite", "ActuatorProcess", "Calendars", "InputFiles", "PublicDatasets", "Scraping",
            "StatsDReceiver",
            "RemotePrometheus", "Telemetry", "Settings",
        ]
        for file in try sources() where adapters.contains(file.module) {
            #expect(adapters.isDisjoint(with: file.imports), "\(file.path)")
        }
    }

    @Test func coreIsPure() throws {
        let allowed = Set(Self.order)
        let banned = [
            "print(", "Date()", "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator", " Task {",
        ]
        for file in try sources() where file.path.hasPrefix("Sources/Core/") {
            for imported in file.imports { #expect(allowed.contains(imported), "\(file.path) imports \(imported)") }
            for word in banned { #expect(!file.text.contains(word), "\(file.path): \(word)") }
        }
    }

    @Test func noTrapsOrEscapes() throws {
        // In halves, so that this file does not hold what it looks for.
        let banned = ["try" + "!", "fatal" + "Error(", "@unchecked " + "Sendable", "nonisolated(" + "unsafe)"]
        for file in try sources() {
            for word in banned { #expect(!file.text.contains(word), "\(file.path): \(word)") }
        }
    }

    @Test func filesAndFunctionsAreShort() throws {
        for file in try sources() + swiftFiles(under: "Tests") {
            #expect(file.lines.count <= 600, "\(file.path): \(file.lines.count) lines; at most 600")
            for function in file.functions {
                #expect(function.length <= 70, "\(file.path):\(function.line): \(function.length) lines; at most 70")
            }
        }
    }

    /// The rule above must be able to fail.
    @Test func longFunctionsAreSeen() {
        let body = Array(repeating: "        work()", count: 80).joined(separator: "\n")
        let file = SourceFile(
            path: "Sources/Core/Units/X.swift", text: "struct X {\n    func f() {\n\(body)\n    }\n}\n")
        #expect(file.functions.map(\.length) == [82])
        #expect(
            SourceFile(path: "a/b", text: "package import Units\n    import Foo.Bar\n").imports == ["Units", "Foo"])
    }

    private func sources() throws -> [SourceFile] { try swiftFiles(under: "Sources") }
}

/// A source file as text; what the rules need to know is read by indentation, which the formatter guarantees.
struct SourceFile {
    let path: String
    let text: String

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The folder that is the module: the third part of `Sources/<layer>/<module>/…`, or `Ports`.
    var module: String {
        let parts = path.split(separator: "/").map(String.init)
        guard parts.count > 2 else { return "" }
        return parts[1] == "Ports" ? "Ports" : parts[2]
    }

    var imports: Set<String> {
        Set(
            lines.compactMap { line in
                let words = line.split(separator: " ")
                guard let keyword = words.firstIndex(of: "import"), keyword <= 2, words.count > keyword + 1 else {
                    return nil
                }
                return words[keyword + 1].split(separator: ".").first.map(String.init)
            })
    }

    /// Functions and initialisers, from the line of the keyword to the closing brace at the same indentation.
    var functions: [(line: Int, length: Int)] {
        let lines = lines
        return lines.indices.compactMap { start in
            let words = lines[start].split(separator: " ")
            let isFunction = words.contains { $0 == "func" || $0.hasPrefix("init(") }
            guard isFunction, !lines[start].contains("//"), !lines[start].hasSuffix("}") else { return nil }
            let indentation = lines[start].prefix { $0 == " " }
            guard let end = lines[start...].firstIndex(where: { $0 == indentation + "}" }) else { return nil }
            return (start + 1, end - start + 1)
        }
    }
}

private func swiftFiles(under folder: String) throws -> [SourceFile] {
    let root = packageRoot.appending(path: folder)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".swift") }
    try #require(!paths.isEmpty)
    return try paths.sorted().map { path in
        SourceFile(
            path: "\(folder)/\(path)", text: try String(contentsOf: root.appending(path: path), encoding: .utf8))
    }
}

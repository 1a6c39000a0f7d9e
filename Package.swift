// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

// MARK: Layers. Each list names what a layer may be built from; Tests/ArchitectureTests holds the arrows to it.

/// Pure values and functions. A core target can name only core targets, and never a package.
func core(_ name: String, uses: [String] = []) -> Target {
    .target(
        name: name, dependencies: uses.map { .byName(name: $0) }, path: "Sources/Core/\(name)", swiftSettings: strict,
        linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))])
}

func adapter(_ name: String, uses: [String], packages: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: uses.map { .byName(name: $0) } + packages, path: "Sources/Adapters/\(name)",
        swiftSettings: strict)
}

func app(_ name: String, uses: [String], packages: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: uses.map { .byName(name: $0) } + packages, path: "Sources/App/\(name)",
        swiftSettings: strict)
}

func testing(_ name: String, uses: [String], packages: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: uses.map { .byName(name: $0) } + packages, path: "Sources/Testing/\(name)",
        swiftSettings: strict)
}

/// Golden files are read from where they lie in the checkout.
func tests(_ name: String, of uses: [String], packages: [Target.Dependency] = [], hasGoldens: Bool = false) -> Target {
    .testTarget(
        name: name, dependencies: uses.map { .byName(name: $0) } + packages + ["TestSupport"], path: "Tests/\(name)",
        exclude: hasGoldens ? ["Golden"] : [], swiftSettings: strict)
}

// MARK: Packages, each used by one adapter or by the shell.

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTesting: Target.Dependency = .product(name: "HummingbirdTesting", package: "hummingbird")
let asyncHTTPClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPCompression: Target.Dependency = .product(name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let coreNames = ["Units", "Kernels", "Series", "Forecasting", "Planning", "Simulation", "WireFormats"]

let package = Package(
    name: "prewarm",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "forecast", targets: ["forecast"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.29.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "COpenBLAS", path: "Sources/Core/COpenBLAS", pkgConfig: "openblas",
            providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(
            name: "CSnappy", path: "Sources/Core/CSnappy", pkgConfig: "snappy",
            providers: [.apt(["libsnappy-dev"])]),
        .systemLibrary(
            name: "CZlib", path: "Sources/Adapters/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        core("Units"),
        core("Kernels", uses: ["COpenBLAS"]),
        core("Series", uses: ["Units", "Kernels"]),
        core("Forecasting", uses: ["Units", "Kernels", "Series"]),
        core("Planning", uses: ["Units", "Kernels", "Series"]),
        core("Simulation", uses: ["Units", "Kernels", "Series", "Forecasting", "Planning"]),
        core("WireFormats", uses: ["Units", "Series", "CSnappy"]),

        .target(
            name: "Ports", dependencies: ["Units", "Series", "Forecasting", "Planning"], path: "Sources/Ports",
            swiftSettings: strict),

        .target(name: "CInstanceGuard", path: "Sources/Adapters/CInstanceGuard"),
        adapter(
            "ActuatorProcess", uses: ["Units", "Ports", "CInstanceGuard"],
            packages: [subprocess, systemPackage, asyncHTTPClient, logging, nioCore, nioHTTP1]),
        adapter(
            "SeriesStoreSQLite", uses: ["Units", "Series", "Planning", "Ports", "CZlib"], packages: [grdb, nioPosix]),
        adapter("Calendars", uses: ["Units", "Series", "WireFormats"]),
        adapter("InputFiles", uses: ["Units", "Series", "WireFormats", "Ports", "CZlib"]),
        adapter(
            "PublicDatasets", uses: ["Series", "WireFormats"], packages: [asyncHTTPClient, crypto, nioCore, nioHTTP1]),
        adapter("TLSTrust", uses: [], packages: [nioSSL]),
        adapter(
            "Scraping", uses: ["Units", "Kernels", "Series", "WireFormats", "Ports", "TLSTrust"],
            packages: [asyncHTTPClient, logging, metrics, nioCore, nioHTTP1, nioHTTPCompression]),
        adapter(
            "StatsDReceiver", uses: ["Units", "Series", "WireFormats", "Ports"],
            packages: [logging, metrics, nioCore, nioPosix]),
        adapter(
            "RemotePrometheus", uses: ["Units", "Kernels", "Series", "WireFormats", "Ports", "TLSTrust"],
            packages: [asyncHTTPClient, nioCore, nioHTTP1, nioHTTPCompression]),
        adapter("Telemetry", uses: ["Units"], packages: [logging, metrics]),
        adapter("Settings", uses: ["Units", "Series", "Planning"], packages: [yams]),

        app("Reports", uses: coreNames),
        app("ControlLoop", uses: coreNames + ["Ports"], packages: [lifecycle, logging, metrics]),
        app(
            "HTTPAPI", uses: ["Units", "Series", "Planning", "WireFormats", "Ports", "CZlib"],
            packages: [hummingbird, httpTypes, logging, metrics, nioCore]),
        app(
            "Demo", uses: coreNames + ["Ports", "ControlLoop", "Reports"],
            packages: [hummingbird, asyncHTTPClient, lifecycle, logging, nioCore, nioHTTP1]),
        .executableTarget(
            name: "forecast",
            dependencies: coreNames.map { .byName(name: $0) } + [
                "Ports", "Calendars", "InputFiles", "PublicDatasets", "SeriesStoreSQLite", "ActuatorProcess",
                "Scraping",
                "StatsDReceiver", "RemotePrometheus", "TLSTrust", "Telemetry", "Settings", "Reports", "ControlLoop",
                "HTTPAPI", "Demo", argumentParser, asyncHTTPClient, lifecycle, logging,
                metrics, unixSignals,
            ],
            path: "Sources/App/forecast", swiftSettings: strict),

        .executableTarget(
            name: "notebook-01",
            dependencies: coreNames.map { .byName(name: $0) } + ["InputFiles", "Reports", argumentParser],
            path: "notebooks-as-scripts/01-explore-a-trace", swiftSettings: strict),
        .executableTarget(
            name: "notebook-02",
            dependencies: coreNames.map { .byName(name: $0) } + ["InputFiles", "Reports", argumentParser],
            path: "notebooks-as-scripts/02-choosing-a-model", swiftSettings: strict),

        testing("TestSupport", uses: ["Units", "Kernels", "Series"]),
        testing("ConformanceKit", uses: ["Units", "Kernels", "Series", "Forecasting", "Planning", "Ports"]),
        // `make fuzz` builds it a second time, around libFuzzer.
        .executableTarget(
            name: "fuzz-decoders", dependencies: ["Units", "Kernels", "Series", "WireFormats"],
            path: "Sources/Testing/FuzzDecoders", swiftSettings: strict),

        .executableTarget(
            name: "bench-net", dependencies: ["Kernels", "Forecasting"], path: "Sources/Testing/NetBenchmark",
            swiftSettings: strict),

        testing(
            "FakeServers", uses: ["Units", "Series", "WireFormats"],
            packages: [hummingbird, httpTypes, lifecycle, logging, nioCore]),

        tests("UnitsTests", of: ["Units"]),
        tests("KernelsTests", of: ["Kernels"]),
        tests("SeriesTests", of: ["Units", "Series"]),
        tests("WireFormatsTests", of: ["Units", "Kernels", "Series", "WireFormats"]),
        tests("ForecastingTests", of: ["Units", "Kernels", "Series", "Forecasting", "ConformanceKit"]),
        tests("PlanningTests", of: ["Units", "Kernels", "Series", "Planning", "ConformanceKit"], hasGoldens: true),
        tests("SimulationTests", of: coreNames + ["InputFiles"], hasGoldens: true),
        tests("CalendarsTests", of: ["Units", "Kernels", "Series", "Planning", "WireFormats", "Calendars"]),
        tests("InputFilesTests", of: ["Units", "Series", "InputFiles"]),
        tests(
            "PublicDatasetsTests", of: ["Units", "Series", "WireFormats", "PublicDatasets", "FakeServers"],
            packages: [hummingbird, nioCore]),
        tests(
            "SeriesStoreSQLiteTests",
            of: ["Units", "Kernels", "Series", "Planning", "Ports", "SeriesStoreSQLite", "ConformanceKit"],
            packages: [grdb]),
        tests(
            "ScrapingTests", of: ["Units", "Kernels", "Series", "Ports", "Scraping", "ConformanceKit", "FakeServers"],
            packages: [hummingbird, httpTypes, logging, nioCore]),
        tests(
            "StatsDReceiverTests", of: ["Units", "Series", "Ports", "StatsDReceiver", "ConformanceKit"],
            packages: [logging, nioCore, nioPosix]),
        tests(
            "RemotePrometheusTests",
            of: [
                "Units", "Kernels", "Series", "WireFormats", "Ports", "RemotePrometheus", "ConformanceKit",
                "FakeServers",
            ],
            packages: [asyncHTTPClient, hummingbird, nioCore]),
        // Its guard is the built binary.
        tests(
            "ActuatorProcessTests", of: ["Units", "Ports", "ActuatorProcess", "ConformanceKit", "forecast"],
            packages: [nioCore, nioHTTP1, nioPosix]),
        tests("TelemetryTests", of: ["Telemetry"], packages: [metrics], hasGoldens: true),
        tests("SettingsTests", of: ["Units", "Series", "Planning", "Settings"]),
        tests("ReportsTests", of: coreNames + ["Reports"], packages: [crypto], hasGoldens: true),
        tests("ControlLoopTests", of: coreNames + ["Ports", "ControlLoop", "ConformanceKit"], packages: [logging]),
        tests(
            "HTTPAPITests",
            of: ["Units", "Kernels", "Series", "WireFormats", "Ports", "Telemetry", "HTTPAPI", "ConformanceKit"],
            packages: [hummingbird, hummingbirdTesting, httpTypes, logging, nioCore], hasGoldens: true),
        tests(
            "DemoTests", of: coreNames + ["Ports", "Reports", "ControlLoop", "Demo", "ConformanceKit"],
            packages: [asyncHTTPClient, lifecycle, logging, nioCore, nioHTTP1]),
        // Starts the built binary, so it is listed as a dependency and built with the tests.
        tests(
            "EndToEndTests",
            of: ["Units", "Kernels", "Series", "FakeServers", "InputFiles", "SeriesStoreSQLite", "forecast"],
            packages: [asyncHTTPClient, hummingbird, nioCore, nioHTTP1]),
        tests("ArchitectureTests", of: []),
    ]
)

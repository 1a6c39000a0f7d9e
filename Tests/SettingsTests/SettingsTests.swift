import Planning
import Series
import Settings
import Testing
import Units

@Suite struct SettingsTests {
    static let valid = """
        store: {path: prewarm.db}
        tick: 15s
        workloads:
          - name: checkout
            demand: {series: 'http_requests_total{job="checkout"}', kind: counter}
            capacity: {perInstance: 25}
            limits: {min: 1, max: 40}
            slo: {wait: 1s}
            price: {idle: 0.20, late: 0.001}
            actuator: {process: {command: [./server, --port, "{port}"], ready: {http: /healthz}, warm: {http: [/warm]}}}
        """

    @Test func readsAConfiguration() throws {
        let settings = try Settings(parsing: Self.valid, path: "c.yaml")
        #expect(settings.tickSeconds == 15 && settings.listenPort == 9201 && settings.listenHost == "127.0.0.1")
        let workload = try #require(settings.workloads.first)
        #expect(workload.kind == .counter && workload.perInstance.perSecond == 25 && workload.maxInstances == 40)
        #expect(workload.aggressiveness == .auto && workload.trust == .shadow)
        #expect(workload.process?.command == ["./server", "--port", "{port}"])
        #expect(workload.process?.warmPaths == ["/warm"])
    }

    @Test func eventsAreAFileAndItsZone() throws {
        #expect(try Settings(parsing: Self.valid, path: "c.yaml").workloads.first?.events == nil)
        let bare = Self.valid.hasSuffix("\n") ? Self.valid : Self.valid + "\n"
        let events = try Settings(
            parsing: bare + "    events: {file: sales.ics, zone: Europe/Berlin}\n", path: "c.yaml"
        )
        .workloads.first?.events
        #expect(events == EventSettings(file: "sales.ics", zone: "Europe/Berlin"))
        for (events, problem) in [
            ("{zone: UTC}", "workloads[0].events.file: needed"), ("{fil: a.ics}", "did you mean 'file'?"),
            ("sales.ics", "a group of keys is expected"),
        ] {
            let error = #expect(throws: SettingsError.self) {
                _ = try Settings(parsing: bare + "    events: \(events)\n", path: "c.yaml")
            }
            #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        }
    }

    @Test func theStoreKeepsWhatItIsTold() throws {
        let keys = "{retention: 30d, late: 2h, rollups: {1h: 1000d}, synchronous: full, acknowledge: written}"
        let text = Self.valid.replacing("{path: prewarm.db}", with: keys)
        let store = try Settings(parsing: text, path: "c.yaml").store
        #expect(store.retentionSeconds == 30 * 86_400 && store.lateSeconds == 7_200)
        #expect(store.makesRollups && store.fineSeconds == 400 * 86_400 && store.coarseSeconds == 1_000 * 86_400)
        #expect(store.isFullySynchronous && store.acknowledgesUnsynced)
        let plain = try Settings(parsing: Self.valid, path: "c.yaml").store
        #expect(plain.lateSeconds == plain.retentionSeconds && plain.makesRollups)
        #expect(!plain.isFullySynchronous && !plain.acknowledgesUnsynced)
        let off = Self.valid.replacing("{path: prewarm.db}", with: "{retention: 5d, rollups: off}")
        let quiet = try Settings(parsing: off, path: "c.yaml").store
        #expect(!quiet.makesRollups && quiet.lateSeconds == 5 * 86_400)
    }

    @Test func aStoreThatCannotBeIsToldWithItsLine() throws {
        let cases = [
            ("{retention: 2d, late: 3d}", "c.yaml:1: store.late: must be whole seconds from 0 to 172800"),
            ("{rollups: {5m: 1d}}", "c.yaml:1: store.rollups.5m: must be whole seconds from 2592000 to 1000000000"),
            ("{rollups: {2h: 90d}}", "c.yaml:1: unknown key 'store.rollups.2h'; did you mean '1h'?"),
            ("{rollups: no}", "c.yaml:1: store.rollups: a group of keys is expected"),
            ("{acknowledge: soon}", "c.yaml:1: store.acknowledge: 'soon' is none of synced, written"),
            ("{synchronous: off}", "c.yaml:1: store.synchronous: 'off' is none of full, normal"),
        ]
        for (keys, problem) in cases {
            let text = Self.valid.replacing("{path: prewarm.db}", with: keys)
            let error = #expect(throws: SettingsError.self) { _ = try Settings(parsing: text, path: "c.yaml") }
            #expect(error?.problems == [problem], "\(keys)")
        }
    }

    @Test func reportsEveryProblemWithItsLine() throws {
        let text = """
            tick: soon
            workloads:
              - name: "a b"
                demand: {series: x}
                capacity: {perInstance: 1}
              - name: web
                demnad: {series: x}
                capacity: {perInstance: 0}
            """
        let error = #expect(throws: SettingsError.self) { _ = try Settings(parsing: text, path: "c.yaml") }
        let problems = try #require(error).problems
        #expect(problems.contains("c.yaml:1: tick: 'soon' is not a duration such as 15s, 2m or 1h"))
        #expect(problems.contains { $0.hasPrefix("c.yaml:3: workloads[0].name: 'a b' will not do") })
        #expect(problems.contains("c.yaml:7: unknown key 'workloads[1].demnad'; did you mean 'demand'?"))
    }

    @Test(arguments: ["", "- a", "workloads: [", "workloads: []", "listen: {address: '0.0.0.0:80'}"])
    func refusesWhatIsNoConfiguration(text: String) {
        #expect(throws: SettingsError.self) { _ = try Settings(parsing: text, path: "c.yaml") }
    }

    @Test func addressesAreSplit() {
        #expect(Settings.hostAndPort("[::1]:80").map { $0.host == "::1" && $0.port == 80 } == true)
        #expect(Settings.hostAndPort("9201") == nil)
        #expect(!Settings.isLoopback("127.evil.example") && Settings.isLoopback("127.0.0.2"))
    }
}

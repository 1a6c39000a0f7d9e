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

    @Test func capacityIsSaidInOneOfSeveralWays() throws {
        let cases: [(String, Double)] = [
            ("{queue: {serviceTime: 200ms, places: 8, serviceCV: 2}}", 40), ("{usage: {whole: 4, target: 0.5}}", 2),
            ("{concurrency: {places: 80, target: 0.5, time: 500ms}}", 80),
            ("{concurrency: {places: 80, target: 0.5}}", 40),
            ("{tokens: {perSecond: 2000, perRequest: 400, batch: 16, perSequence: 50, target: 0.5}}", 1),
        ]
        for (keys, rate) in cases {
            let text = Self.valid.replacing("{perInstance: 25}", with: keys)
            let workload = try #require(try Settings(parsing: text, path: "c.yaml").workloads.first)
            #expect(abs(workload.perInstance.perSecond - rate) < 1e-9, "\(keys)")
            let queue = workload.service(startupSeconds: 30).queue
            #expect(queue?.variability == (keys.contains("queue") ? 2.5 : nil) && queue?.waitSeconds ?? 1 == 1)
        }
        for (keys, problem) in [
            (
                "{}",
                "workloads[0].capacity.perInstance: is missing; one of perInstance, queue, usage, concurrency, tokens"
            ),
            ("{perInstance: 1, usage: {whole: 1}}", "workloads[0].capacity.usage: is given as well"),
            ("{perInstance: 0}", "workloads[0].capacity.perInstance: '0' will not do; a number above 0"),
            ("{usage: {whole: 4, target: 2}}", "workloads[0].capacity.usage: carries nothing"),
            ("{queue: {places: 2}}", "workloads[0].capacity.queue.serviceTime: above 0"),
            (
                "{tokens: {perSecond: 9, batch: 4}}",
                "workloads[0].capacity.tokens.batch: batch and perSequence go together"
            ),
        ] {
            let text = Self.valid.replacing("{perInstance: 25}", with: keys)
            let error = #expect(throws: SettingsError.self) { _ = try Settings(parsing: text, path: "c.yaml") }
            #expect(error?.description.contains(problem) == true, "\(error?.description ?? "")")
        }
    }

    @Test func limitsBeyondTheLeastAndTheMost() throws {
        let keys = """
            {min: 1, max: 40, stepUp: 100%, stepDown: 2, budget: {hours: 500, per: day}, standby: 10%, stabilisation: 5m, \
            minimumRun: 10m, startCost: 2m}
            """
        let text = Self.valid.replacing("{min: 1, max: 40}", with: keys)
        let workload = try #require(try Settings(parsing: text, path: "c.yaml").workloads.first)
        var expected = PlanLimits()
        (expected.stepUp, expected.stepDown, expected.standby) = (.share(1), .count(2), .share(0.1))
        expected.budget = Budget(instanceHours: 500, per: .day)
        (expected.stabilisationSeconds, expected.minimumRunSeconds, expected.startCostSeconds) = (300, 600, 120)
        #expect(workload.limits == expected && workload.service(startupSeconds: 9).limits == expected)
        #expect(try Settings(parsing: Self.valid, path: "c.yaml").workloads.first?.limits == PlanLimits.none)
        for (keys, problem) in [
            ("{stepUp: fast}", "workloads[0].limits.stepUp: 'fast' is neither a whole number nor a share such as 10%"),
            ("{budget: {hours: 0}}", "workloads[0].limits.budget.hours: instance-hours, a number above 0, are wanted"),
            ("{budget: {hours: 9, per: week}}", "workloads[0].limits.budget.per: 'week' is none of hour, day"),
            ("{min: 2, budget: {hours: 1, per: hour}}", "budget.hours: does not pay for the 2 instances of min"),
            ("{minimumRun: 2d}", "workloads[0].limits.minimumRun: must be whole seconds from 0 to 86400"),
            ("{standbi: 1}", "did you mean 'standby'?"),
        ] {
            let text = Self.valid.replacing("{min: 1, max: 40}", with: keys)
            let error = #expect(throws: SettingsError.self) { _ = try Settings(parsing: text, path: "c.yaml") }
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

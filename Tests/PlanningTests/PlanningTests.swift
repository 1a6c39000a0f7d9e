import ConformanceKit
import Planning
import Series
import Testing
import Units

/// A service whose instances sustain `each` per second; demand is a rate.
func service(
    each: Double = 1, startup: Int = 120, min: Int = 1, max: Int = 100, kind: DemandKind = .rate, prices: Prices? = nil
) throws -> ServiceModel {
    ServiceModel(
        perInstance: try #require(DemandRate(perSecond: each)), startupSeconds: startup, sloWaitSeconds: 1,
        minInstances: min, maxInstances: max, kind: kind, prices: prices)
}

/// What is seen `seconds` after `start`, with `values` as the rows that ended by then and `forecast` from there on.
func observation(
    _ seconds: Int = 0, desired: Int, step: Int = 60, demand values: [Double], forecast: [Double]? = nil
) -> Observation {
    let now = start.advanced(bySeconds: seconds)
    // The last row that ended did so at the row boundary at or before now.
    let end = start.advanced(bySeconds: seconds / step * step)
    let demand = RegularSeries(start: end.advanced(bySeconds: -values.count * step), step: step, values: values)
    return Observation(
        now: now, desired: desired, ready: desired, starting: 0, demand: KnownDemand(demand),
        forecast: forecast.map { QuantileForecast(origin: start, step: step, levels: [0.9], values: $0) })
}

let start = Timestamp(secondsSinceEpoch: 1_700_006_400)

@Suite struct PolicyConformanceTests {
    /// One of each form in the catalogue, and a floor made of two.
    static let names = [
        "predictive", "predictive:auto", "hpa", "hpa:0.3", "fixed:7", "peak", "clairvoyant", "kpa", "keda:0.4",
        "aws-like",
        "crane-like", "phpa-like", "tortoise-like", "autopilot", "app-engine-like:3", "seasonal-naive", "cron:0.5",
        "lcp:120",
    ]

    private func policies(_ service: ServiceModel) throws -> [any ScalingPolicy] {
        let schedule = (0..<20).map {
            SchedulePolicy.Entry(time: start.advanced(bySeconds: 60 * $0), count: $0 * 7 % 31)
        }
        let named = try Self.names.map {
            try PolicyCatalogue.policy(parsing: $0, service: service, peakRate: 12, schedule: schedule)
        }
        let floor = FlooredPolicy(name: "floor", base: named[2], forecasting: named[0])
        return named + [floor]
    }

    @Test func everyFormOfTheCatalogueConforms() throws {
        let prices = try #require(Prices(idlePerInstanceHour: 0.2, latePerRequest: 0.001))
        let services = [
            try service(prices: prices), try service(each: 0.3, startup: 0, min: 0, max: 12, prices: prices),
            try service(each: 40, startup: 400, min: 5, max: 5, kind: .count, prices: prices),
        ]
        for service in services {
            for policy in try policies(service) {
                let kit = PolicyConformance(policy, service: service, followsDemand: policy.name != "clairvoyant")
                #expect(kit.findings() == [])
            }
        }
    }

    @Test func noFormIsLeftOut() {
        let heads = Set(Self.names.map { $0.prefix { $0 != ":" } })
        #expect(heads == Set(PolicyCatalogue.forms.map { $0.prefix { $0 != ":" && $0 != "[" } }))
    }

    /// A kit that finds nothing anywhere would be no use.
    @Test func theKitSeesWhatIsWrong() throws {
        struct Forgetful: ScalingPolicy {
            let name = "forgetful"
            mutating func decide(_ observation: Observation) -> Decision {
                let last = observation.demand.suffix(1).last ?? .nan
                return Decision(
                    desired: last.isNaN ? 0 : Int(clamping: 200 - last), candidates: [], binding: .maxInstances)
            }
        }
        let findings = PolicyConformance(Forgetful(), service: try service()).findings().joined(separator: "\n")
        for part in ["outside the limits", "no candidate", "the limit that is said", "blind", "fewer instances"] {
            #expect(findings.contains(part), "\(part)")
        }
    }
}

@Suite struct PolicyCatalogueTests {
    @Test func whatCannotBeMadeIsExplained() throws {
        let model = try service(), list = "There are " + PolicyCatalogue.forms.joined(separator: ", ")
        let whole = "N, the instances, must be a whole number from 0 to 1000000000, as in fixed:25"
        let target = "target, the share of an instance's capacity that is aimed at, must be a number from 0.01 to 10"
        let quantile =
            "aggressiveness, the quantile of demand that capacity is to cover, must be a number from 0.001 to 0.9999"
        let cases = [
            ("hal", "no policy \"hal\"; did you mean hpa? " + list),
            ("tortoise", "no policy \"tortoise\"; did you mean tortoise-like? " + list),
            ("", "no policy \"\"; " + list), ("abcdefgh:3", "no policy \"abcdefgh:3\"; " + list),
            ("fixed", "policy fixed: " + whole), ("fixed:-1", "policy fixed:-1: " + whole),
            ("fixed:1.5", "policy fixed:1.5: " + whole), ("fixed:1e99", "policy fixed:1e99: " + whole),
            ("hpa:0", "policy hpa:0: \(target), as in hpa:0.7"),
            ("hpa:inf", "policy hpa:inf: \(target), as in hpa:0.7"),
            ("kpa:nan", "policy kpa:nan: \(target), as in kpa:0.7"),
            ("predictive:1", "policy predictive:1: \(quantile), or auto, as in predictive:0.95"),
            ("predictive:x", "policy predictive:x: \(quantile), or auto, as in predictive:0.95"),
            (
                "predictive:auto",
                "policy predictive:auto needs idleCost and lateCost in the service, or a quantile, as in predictive:0.95"
            ),
            ("peak", "policy peak exists in a backtest only: it needs the maximum"),
            ("peak:3", "policy peak:3: peak takes no number"),
            ("clairvoyant", "policy clairvoyant exists in a backtest only"),
        ]
        for (text, message) in cases {
            do throws(PolicyError) {
                _ = try PolicyCatalogue.policy(parsing: text, service: model)
                Issue.record("\(text) was taken")
            } catch {
                #expect(error.description == message)
            }
        }
    }

    /// Every name of a sweep makes a policy of that name, and the standard of each knob lies in its sweep or beside it.
    @Test func sweepsAreMadeOfPolicies() throws {
        let model = try service()
        for form in PolicyCatalogue.families {
            let names = PolicyCatalogue.sweep(form.family)
            #expect(names.count >= (form.knob == nil ? 1 : 9) && Set(names).count == names.count)
            for name in names {
                #expect(
                    try PolicyCatalogue.policy(parsing: name, service: model, peakRate: 1, schedule: []).name == name)
            }
        }
        #expect(PolicyCatalogue.sweep("hal").isEmpty)
        #expect(PolicyCatalogue.sweep("fixed").first == "fixed:1" && PolicyCatalogue.sweep("hpa").first == "hpa:0.25")
    }

    @Test func policiesKeepTheNameTheyWereCalled() throws {
        for name in ["predictive:0.99", "hpa:0.7", "fixed:3"] {
            #expect(try PolicyCatalogue.policy(parsing: name, service: service()).name == name)
        }
    }
}

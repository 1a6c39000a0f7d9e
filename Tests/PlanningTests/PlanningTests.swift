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
    static let names = ["predictive", "predictive:auto", "hpa", "hpa:0.3", "fixed:7", "peak", "clairvoyant"]

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
                let last = observation.demand[observation.demand.count - 1]
                return Decision(desired: last.isNaN ? 0 : Int(200 - last), candidates: [], binding: .maxInstances)
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
        let model = try service(), none = "no policy \"hal\"; there are "
        let cases = [
            ("hal", none + PolicyCatalogue.forms.joined(separator: ", ")),
            ("fixed", "policy fixed: give a whole number of instances, as in fixed:10"),
            ("fixed:-1", "policy fixed:-1: give a whole number of instances, as in fixed:10"),
            ("hpa:0", "policy hpa:0: the target must be a number above 0, as in hpa:0.7"),
            ("hpa:inf", "policy hpa:inf: the target must be a number above 0, as in hpa:0.7"),
            ("predictive:1", "policy predictive:1: give a quantile between 0 and 1, or auto"),
            ("predictive:x", "policy predictive:x: give a quantile between 0 and 1, or auto"),
            ("predictive:auto", "policy predictive:auto needs idleCost and lateCost in the service"),
            ("peak", "policy peak exists in a backtest only: it needs the maximum"),
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

    @Test func policiesKeepTheNameTheyWereCalled() throws {
        for name in ["predictive:0.99", "hpa:0.7", "fixed:3"] {
            #expect(try PolicyCatalogue.policy(parsing: name, service: service()).name == name)
        }
    }
}

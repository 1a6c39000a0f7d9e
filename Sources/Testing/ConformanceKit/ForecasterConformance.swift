package import Forecasting
import Kernels
package import Series
import Units

/// What every forecaster owes its callers. Each finding is a sentence; an empty list is a pass.
package struct ForecasterConformance {
    private let forecaster: any Forecaster
    private let refused: [Int]
    private let isSparse: Bool
    private let isStored: Bool
    private let task = ForecastTask(horizon: 12, season: 24, isWeekly: true)

    /// `refused` lists lengths of history, besides none at all, that are too short to learn from; `isSparse` makes most rows
    /// of the histories zero, for a forecaster that is for such; `isStored` is false for one whose models are not.
    package init(
        _ forecaster: any Forecaster, refused: [Int] = [1, 5], isSparse: Bool = false, isStored: Bool = true
    ) {
        (self.forecaster, self.refused) = (forecaster, refused)
        (self.isSparse, self.isStored) = (isSparse, isStored)
    }

    package func findings() throws -> [String] {
        try determinism() + noLeakage() + hostileHistories() + hostileFits() + storage() + tooLittle()
            + previousModel()
    }

    private func daily(_ rows: Int, seed: UInt64) -> RegularSeries {
        var rng = SplitMix64(seed: seed)
        let values = (0..<rows).map { row in
            isSparse && rng.uniform() < 0.8
                ? 0 : max(0, 50 + 40 * cosineAndSine(turns: Double(row % 24) / 24).sine + 10 * (rng.uniform() - 0.5))
        }
        return RegularSeries(start: Timestamp(secondsSinceEpoch: 1_700_006_400), step: 3_600, values: values)
    }

    private func determinism() throws -> [String] {
        let history = KnownDemand(daily(24 * 40, seed: 1))
        let a = try forecaster.fit(history, task: task), b = try forecaster.fit(history, task: task)
        return a.encoded() == b.encoded() && a.forecast(after: history) == b.forecast(after: history)
            ? [] : ["two fits of one history differ"]
    }

    /// Garbage at and after the origin must change nothing.
    private func noLeakage() throws -> [String] {
        let clean = daily(24 * 40, seed: 2), origin = 24 * 38 + 5
        let garbage = clean.values[..<origin] + clean.values[origin...].indices.map { $0 % 3 == 0 ? .nan : 1e300 }
        let dirty = RegularSeries(start: clean.start, step: clean.step, values: Array(garbage))
        let forecasts = try [clean, dirty].map { series in
            let known = KnownDemand(series, count: origin)
            return try forecaster.fit(known, task: task).forecast(after: known)
        }
        return forecasts[0] == forecasts[1] ? [] : ["what lies at and after the origin changes the forecast"]
    }

    private func hostileHistories() throws -> [String] {
        let model = try forecaster.fit(KnownDemand(daily(24 * 40, seed: 3)), task: task)
        return unsound(model).map { "\($0) history: an unsound forecast" }
    }

    /// What cannot be learnt from is refused; what is learnt forecasts soundly after anything, also when stored.
    private func hostileFits() throws -> [String] {
        var findings: [String] = []
        for (name, series) in Self.hostile {
            guard let model = try? forecaster.fit(KnownDemand(series), task: task) else { continue }
            findings += unsound(model).map { "learnt from \(name), \($0) history: an unsound forecast" }
            guard isStored else { continue }
            let again = try ModelCatalogue.decode(model.encoded())
            let known = KnownDemand(series)
            if again.forecast(after: known) != model.forecast(after: known) {
                findings.append("learnt from \(name): storing changes it")
            }
        }
        return findings
    }

    /// The hostile histories after which `model` gives no whole, finite, ascending forecast.
    private func unsound(_ model: any FittedModel) -> [String] {
        Self.hostile.compactMap { name, series in
            let forecast = model.forecast(after: KnownDemand(series))
            let isSound = forecast.values.allSatisfy { $0.isFinite && $0 >= 0 } && isAscending(forecast)
            return isSound && forecast.horizon == task.horizon ? nil : name
        }
    }

    /// What a store may hold and no model can learn from; of hours.
    package static let hostile: [(name: String, series: RegularSeries)] = {
        let nan = Double.nan
        let values: [(String, [Double])] = [
            ("empty", []), ("one row", [5]), ("all missing", Array(repeating: nan, count: 600)),
            ("constant", Array(repeating: 7, count: 600)), ("zero", Array(repeating: 0, count: 600)),
            ("huge", Array(repeating: 1e300, count: 600)), ("negative", Array(repeating: -5, count: 600)),
            ("alternating", (0..<600).map { $0 % 2 == 0 ? nan : 3 }),
            ("gappy", (0..<600).map { $0 / 50 % 3 == 1 ? nan : Double($0 % 24) }),
            ("spiky", (0..<600).map { $0 % 97 == 0 ? .greatestFiniteMagnitude : Double($0 % 24) }),
            ("swinging", (0..<600).map { $0 % 2 == 0 ? 1e300 : -1e300 }),
            ("tiny", (0..<600).map { Double($0 % 5) * .leastNonzeroMagnitude }),
            ("a rise from nothing", (0..<600).map { $0 < 590 ? 0 : 1e12 }),
        ]
        let start = Timestamp(secondsSinceEpoch: 0)
        return values.map { ($0, RegularSeries(start: start, step: 3_600, values: $1)) }
    }()

    private func isAscending(_ forecast: QuantileForecast) -> Bool {
        let columns = forecast.levels.count
        return (0..<forecast.horizon).allSatisfy { step in
            let row = forecast.values[step * columns..<(step + 1) * columns]
            return zip(row, row.dropFirst()).allSatisfy(<=)
        }
    }

    private func storage() throws -> [String] {
        guard isStored else { return [] }
        let history = KnownDemand(daily(24 * 40, seed: 4))
        let model = try forecaster.fit(history, task: task), bytes = model.encoded()
        let again = try ModelCatalogue.decode(bytes)
        var findings = again.forecast(after: history) == model.forecast(after: history) ? [] : ["storing changes it"]
        for seed in UInt64(0)..<50 {
            var rng = SplitMix64(seed: seed), damaged = bytes
            damaged[Int(rng.next() % UInt64(bytes.count))] ^= UInt8(rng.next() % 255 + 1)
            let cut = Array(bytes.prefix(Int(rng.next() % UInt64(bytes.count))))
            for bad in [damaged, cut] where (try? ModelCatalogue.decode(bad)) != nil {
                findings.append("damaged bytes are believed, seed \(seed)")
            }
        }
        return findings
    }

    /// The same previous model gives the same bytes, and one that is not gone on from changes none.
    private func previousModel() throws -> [String] {
        let series = daily(24 * 50, seed: 6), history = KnownDemand(series)
        let before = try forecaster.fit(KnownDemand(series, count: 24 * 40), task: task)
        let a = try forecaster.fit(history, task: task, from: before).encoded()
        let stored = isStored ? try ModelCatalogue.decode(before.encoded()) : before
        var findings: [String] = []
        if try forecaster.fit(history, task: task, from: stored).encoded() != a {
            findings.append("a stored model is gone on from as one in memory is not")
        }
        let isAfresh = try forecaster.fit(history, task: task).encoded() == a
        if isAfresh == forecaster.traits.goesOn { findings.append("it goes on from the last where it says otherwise") }
        return findings
    }

    private func tooLittle() -> [String] {
        let fewer = forecaster.rowsNeeded(task) - 1
        if fewer >= 0, (try? forecaster.fit(KnownDemand(daily(fewer, seed: 5)), task: task)) != nil {
            return ["\(fewer) rows are enough, where it says they are not"]
        }
        for rows in [0] + refused where (try? forecaster.fit(KnownDemand(daily(rows, seed: 5)), task: task)) != nil {
            return ["\(rows) rows are taken for enough"]
        }
        return []
    }
}

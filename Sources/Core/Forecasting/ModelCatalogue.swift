/// Every model there is. To add one: a file under `Models/` and a line in each list here.
package enum ModelCatalogue {
    package static let all: [any Forecaster] = [SeasonalNaive(), DirectRidge(), LastValue()]

    /// The best model that a history is long enough for: the ridge from about two seasons on, the seasonal naive from one on,
    /// the last value before.
    package static let auto = FirstThatLearns(name: "auto", of: [DirectRidge(), SeasonalNaive(), LastValue()])

    /// The forecaster users call `name`; `auto` is the best there is by default.
    package static func forecaster(named name: String) throws(ForecastError) -> any Forecaster {
        if name == auto.name { return auto }
        guard let found = all.first(where: { $0.name == name }) else {
            throw .unknownModel(name, known: [auto.name] + all.map(\.name))
        }
        return found
    }

    /// Reads back what a fitted model's `encoded()` gave; throws where the bytes are damaged or of another version.
    package static func decode(_ bytes: [UInt8]) throws(ForecastError) -> any FittedModel {
        var reader = try ModelReader(bytes)
        switch reader.kind {
        case .seasonalNaive: return try FittedSeasonalNaive(reading: &reader)
        case .ridge: return try FittedRidge(reading: &reader)
        case .lastValue: return try FittedLastValue(reading: &reader)
        case .globalRidge: return try FittedGlobalRidge(reading: &reader)
        }
    }
}

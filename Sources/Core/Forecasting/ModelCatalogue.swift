/// Every model there is. To add one: a file under `Models/` and a line in each list here.
package enum ModelCatalogue {
    package static let all: [any Forecaster] = [
        SeasonalNaive(), DirectRidge(), QuantileNet(), LastValue(), DecayedHistogram(), Intermittent(), ShapeModel(),
        LinearQuantile(),
    ]

    /// All that can learn from a history together: the net and the ridge speak from about two seasons on, the seasonal naive and
    /// the histogram before, the last value before those.
    package static let auto = Combination(
        name: "auto",
        of: [QuantileNet(), DirectRidge(), Intermittent(), DecayedHistogram(), SeasonalNaive(), LastValue()])

    /// The forecaster users call `name`; `auto` is the best there is by default.
    package static func forecaster(named name: String) throws(ForecastError) -> any Forecaster {
        if name == auto.name { return auto }
        guard let found = all.first(where: { $0.name == name }) else {
            throw .unknownModel(name, known: [auto.name] + all.map(\.name))
        }
        return found
    }

    /// Methods that learn from many series at once.
    package static let globals: [any GlobalForecaster] = [GlobalRidge(), GlobalNet()]

    /// Nil where `name` is none of theirs.
    package static func global(named name: String) -> (any GlobalForecaster)? { globals.first { $0.name == name } }

    /// Reads back what a fitted model's `encoded()` gave; throws where the bytes are damaged or of another version.
    package static func decode(_ bytes: [UInt8]) throws(ForecastError) -> any FittedModel {
        var reader = try ModelReader(bytes)
        switch reader.kind {
        case .seasonalNaive: return try FittedSeasonalNaive(reading: &reader)
        case .ridge: return try FittedRidge(reading: &reader)
        case .lastValue: return try FittedLastValue(reading: &reader)
        case .histogram: return try FittedHistogram(reading: &reader)
        case .intermittent: return try FittedIntermittent(reading: &reader)
        case .shape: return try FittedShape(reading: &reader)
        case .linearQuantile: return try FittedLinearQuantile(reading: &reader)
        case .eventAware: return try FittedEventAware(reading: &reader)
        case .combined: return try CombinedModel(reading: &reader)
        case .quantileNet, .globalNet: return try FittedQuantileNet(reading: &reader)
        case .globalRidge: return try FittedGlobalRidge(reading: &reader)
        case .sharedRidge: return try SharedRidge(reading: &reader)
        case .sharedNet: return try SharedNet(reading: &reader)
        case .borrowed: return try BorrowedModel(reading: &reader)
        }
    }

    /// As `decode`, of a model within another, which holds no further ones.
    static func decodeMember(_ bytes: [UInt8]) throws(ForecastError) -> any FittedModel {
        guard try ModelReader(bytes).kind != .combined else { throw .corruptModel("a combination within another") }
        return try decodeUneventful(bytes)
    }

    /// As `decode`, of what was learnt from many series.
    package static func decodeShared(_ bytes: [UInt8]) throws(ForecastError) -> any SharedModel {
        guard [.sharedRidge, .sharedNet].contains(try ModelReader(bytes).kind),
            let shared = try decode(bytes) as? any SharedModel
        else { throw .corruptModel("it was not learnt from many series") }
        return shared
    }

    /// As `decode`, of a model that is told of no events, as those within others are.
    static func decodeUneventful(_ bytes: [UInt8]) throws(ForecastError) -> any FittedModel {
        guard try ModelReader(bytes).kind != .eventAware else { throw .corruptModel("events within a model within") }
        return try decode(bytes)
    }
}

package import Series
import Units

/// The forecasting methods of peers, by the name under which their policies ask for them; for comparisons and not for
/// serving, so that their models are not stored.
package enum PeerForecasters {
    /// Each with the seconds after which the peer learns anew.
    private static let all: [(forecaster: any Forecaster, refitSeconds: Int)] = [
        (CraneSignal(), 12 * 3_600), (HourlyMeans(), 6 * 3_600), (HoltWinters(), 86_400),
    ]

    package static var names: [String] { all.map(\.forecaster.name) }

    /// Learns as often as the peer does. Throws where there is no such method.
    package static func rolling(
        named name: String, horizon: Int, step: Int
    ) throws(ForecastError) -> RollingForecaster {
        guard let found = all.first(where: { $0.forecaster.name == name }) else {
            throw .unknownModel(name, known: names)
        }
        let task = ForecastTask(
            horizon: max(1, horizon), levels: [0.5], season: max(2, 86_400 / step), isWeekly: true)
        return RollingForecaster(found.forecaster, task: task, refitEvery: max(1, found.refitSeconds / step))
    }
}

/// A model of a peer: one number a row, for all levels the same.
package protocol PointModel: FittedModel {
    /// As many values as the task's horizon.
    func points(after history: KnownDemand) -> [Double]
}

extension PointModel {
    package func forecast(after history: KnownDemand) -> QuantileForecast {
        let values = points(after: history).flatMap { value in
            task.levels.map { _ in Demand.bounded(value.isFinite ? value : 0) }
        }
        return QuantileForecast(origin: history.end, step: history.step, levels: task.levels, values: values)
    }

    /// Not stored: nothing that the catalogue would read back.
    package func encoded() -> [UInt8] { [] }
}

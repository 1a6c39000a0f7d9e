package import Series

/// The first of several forecasters that can learn from a history, so that a young series has a forecast too. The model
/// that comes back names the one it was.
package struct FirstThatLearns: Forecaster {
    package let name: String
    /// The most demanding first.
    private let forecasters: [any Forecaster]

    /// - Precondition: there is at least one forecaster.
    package init(name: String, of forecasters: [any Forecaster]) {
        precondition(!forecasters.isEmpty, "a choice needs something to choose from")
        (self.name, self.forecasters) = (name, forecasters)
    }

    /// - Throws: what the last and least demanding forecaster lacks.
    package func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        var failure = ForecastError.nothingKnown(rows: history.count)
        for forecaster in forecasters {
            do throws(ForecastError) {
                return try forecaster.fit(history, task: task)
            } catch {
                failure = error
            }
        }
        throw failure
    }
}

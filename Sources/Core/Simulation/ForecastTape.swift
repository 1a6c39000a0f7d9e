package import Forecasting
import Planning
package import Series
import Units

/// Forecasts from every origin of a stretch of a trace, made once and replayed for as many policies as want them.
package struct ForecastTape: Sendable {
    /// The windows that had ended at each origin.
    package let origins: Range<Int>
    private let forecasts: [QuantileForecast?]

    fileprivate init(origins: Range<Int>, forecasts: [QuantileForecast?]) {
        (self.origins, self.forecasts) = (origins, forecasts)
    }

    /// What was forecast when `windows` had ended; nil where nothing had been learnt yet.
    ///
    /// - Precondition: `windows` lies within `origins`.
    package subscript(windows: Int) -> QuantileForecast? { forecasts[windows - origins.lowerBound] }
}

/// Makes the forecasts of a trace's scored part in the order of time, learning anew on the cadence of its forecaster.
///
/// A stretch at a time, so that memory is bounded whatever the trace spans: replay the policies over one tape, then ask for
/// the next. Each tape is a pure function of the trace, the forecaster and the stretches before.
package struct ForecastRecorder: Sendable {
    /// Forecasts on a tape: a few megabytes, three days of minutes.
    package static let usualLength = 4_320

    private let known: KnownDemand
    private var forecaster: RollingForecaster
    /// The origin that comes next, and the one after the last.
    private var next: Int
    private let end: Int

    /// - Precondition: `forecaster` has a task on the trace's `ForecastGrid`.
    package init(_ trace: ReplayTrace, service: ReplayService, forecaster: RollingForecaster) {
        let grid = trace.forecastGrid, start = trace.series.start
        known = KnownDemand(grid.windows(of: trace.series, kind: service.model.kind))
        next = grid.windows(endedWith: trace.rows.lowerBound, since: start)
        end = grid.windows(endedWith: trace.rows.upperBound - 1, since: start) + 1
        self.forecaster = forecaster
    }

    /// Origins that are still to come.
    package var remaining: Int { end - next }

    /// The next stretch, of `length` origins at most; nil after the last.
    package mutating func record(length: Int = Self.usualLength) -> ForecastTape? {
        guard next < end else { return nil }
        let origins = next..<min(end, next + max(1, length))
        next = origins.upperBound
        return ForecastTape(origins: origins, forecasts: forecaster.forecasts(of: known, at: origins))
    }
}

extension ReplayTrace {
    package var forecastGrid: ForecastGrid { ForecastGrid(seriesStep: step) }
}

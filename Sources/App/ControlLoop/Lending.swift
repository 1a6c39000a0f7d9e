package import Forecasting
package import Ports
package import Series

/// A forecaster that has been helped by what was learnt from other series, where there was anything.
package struct HelpedForecaster: Sendable {
    package let forecaster: any Forecaster
    /// The shared model's name in the registry and its version; nil where there is none.
    package let lender: String?

    package init(forecaster: any Forecaster, lender: String?) { (self.forecaster, self.lender) = (forecaster, lender) }

    /// What the registry is to note of a model that it made: from whom it borrows, if it does.
    package func noted(_ options: [String: String], of model: any FittedModel) -> [String: String] {
        guard let lender, model.name.contains("borrowed(") else { return options }
        return options.merging(["borrowed from": lender]) { $1 }
    }
}

extension ModelRegistry {
    /// `forecaster`, helped by the newest shared model for the series where there is one.
    ///
    /// - Throws: where the registry fails, and where that model cannot be read.
    package func helped(
        _ forecaster: any Forecaster, for key: SeriesKey, kind: DemandKind, step: Int
    ) async throws -> HelpedForecaster {
        guard let found = try await sharedModel(for: key, kind: kind, step: step) else {
            return HelpedForecaster(forecaster: forecaster, lender: nil)
        }
        let shared = try ModelCatalogue.decodeShared(found.record.bytes)
        return HelpedForecaster(
            forecaster: Borrowing(forecaster, from: shared),
            lender: "\(found.record.series) version \(found.version)")
    }
}

package import Series
package import TLSTrust

/// One place where metrics are fetched.
package struct ScrapeTarget: Sendable {
    package let url: String
    package let intervalSeconds: Int
    /// From the request to the last byte, seconds.
    package let timeoutSeconds: Double
    /// Put on everything that comes from here; `instance` is among them.
    package let labels: [SeriesKey.Label]
    /// Gives the bearer token that is sent, anew for every scrape, as such tokens change; nil sends none.
    package var token: (@Sendable () throws -> String)?
    /// Nil: the system's.
    package var authorities: Authorities?

    /// `instance`, HOST:PORT, is added to `labels` where they do not name one.
    package init(
        url: String, instance: String, intervalSeconds: Int, timeoutSeconds: Double, labels: [SeriesKey.Label]
    ) {
        (self.url, self.intervalSeconds, self.timeoutSeconds) = (url, intervalSeconds, timeoutSeconds)
        let named = labels.contains { $0.name == "instance" }
        self.labels = named ? labels : labels + [.init(name: "instance", value: instance)]
    }

    /// A series as this target has it. The target's labels win; one of the same name that was exposed gets `exported_` before it.
    func own(_ exposed: SeriesKey) throws(SeriesNameError) -> SeriesKey {
        let own = Set(labels.map(\.name))
        let kept = exposed.labels.map { label in
            own.contains(label.name) ? SeriesKey.Label(name: "exported_\(label.name)", value: label.value) : label
        }
        return try SeriesKey(metric: exposed.metric, labels: kept + labels)
    }
}

/// Why a scrape gave nothing.
package struct ScrapeError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

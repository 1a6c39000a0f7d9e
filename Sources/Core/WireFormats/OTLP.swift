package import Series
internal import Units

/// What an OTLP export of metrics held.
///
/// * A gauge or a sum gives its name's series; a histogram of either kind and a summary give `NAME_count` and `NAME_sum`.
/// * Names become Prometheus's: dots and the like turn into underscores. No unit and no `_total` is added.
/// * Of the resource, `service.name` (after `service.namespace` and a slash, where there is one) becomes the label `job` and
///   `service.instance.id` becomes `instance`; its other attributes and the scope are passed over. Attributes of a point that
///   are lists or bytes are passed over too.
/// * A point of delta temporality is a count of its own interval. It is stored as it is, at the start of the interval where that
///   is given: a count belongs to the time after its timestamp. Read it with kind `count`; cumulative sums are counters.
package struct OTLPMetrics: Sendable {
    package internal(set) var batch = SampleBatch()
    /// Points refused because of the names or sizes of their series, or of an impossible time.
    package internal(set) var rejectedPoints = 0
    /// Why the first of them was: what the answer's `partial_success` says.
    package internal(set) var firstProblem: String?
    /// Points stored that were of delta temporality.
    package internal(set) var deltaPoints = 0
    /// Points that say that there is no value, or NaN: gaps.
    package internal(set) var emptyPoints = 0

    /// More attributes on one point are refused before anything is made of them.
    static let maximumAttributes = 128
}

/// A data point of any kind, as protobuf and JSON both give it.
struct OTLPPoint {
    var attributes: [SeriesKey.Label] = []
    /// Nanoseconds since 1970; 0 where not given.
    var startTime: UInt64 = 0, time: UInt64 = 0
    /// By suffix of the name.
    var values: [(suffix: String, value: Double)] = []
    var hasNoValue = false
}

/// What the points of a metric have in common.
struct OTLPMetricHead {
    var name = ""
    var isDelta = false
}

/// Labels that a resource gives to all its points.
struct OTLPResource {
    private(set) var labels: [SeriesKey.Label] = []

    init(_ attributes: [SeriesKey.Label]) {
        let value = { (name: String) in attributes.first { $0.name == name }?.value }
        let space = value("service.namespace").map { $0 + "/" } ?? ""
        if let service = value("service.name") { labels.append(SeriesKey.Label(name: "job", value: space + service)) }
        if let id = value("service.instance.id") { labels.append(SeriesKey.Label(name: "instance", value: id)) }
    }
}

extension OTLPMetrics {
    mutating func append(_ point: OTLPPoint, of metric: OTLPMetricHead, from resource: OTLPResource) {
        let isAtStart = metric.isDelta && point.startTime != 0
        let time = Int64((isAtStart ? point.startTime : point.time) / 1_000_000)
        guard !point.hasNoValue, !point.values.isEmpty else { return emptyPoints += 1 }
        guard time != 0 else { return reject("a point of '\(metric.name.prefix(80))' has no time") }
        guard point.attributes.count <= Self.maximumAttributes else {
            return reject("\(point.attributes.count) attributes on a point of '\(metric.name.prefix(80))'")
        }
        guard batch.sampleCount < PushBounds.samples, batch.keys.count < PushBounds.series else {
            return reject("more than one push may hold (\(PushBounds.series) series); send it in parts")
        }
        do throws(SeriesNameError) {
            let labels = labels(of: point, resource)
            for (suffix, value) in point.values where !value.isNaN {
                let name = prometheusName((metric.name + suffix).utf8, allowsColons: true)
                let key = try SeriesKey(metric: name, labels: labels)
                batch.append(key, Timestamp(millisecondsSinceEpoch: time), value)
            }
        } catch { return reject(error.description) }
        if point.values.allSatisfy(\.value.isNaN) { emptyPoints += 1 } else if metric.isDelta { deltaPoints += 1 }
    }

    /// What a resource says stands before what a point says.
    private func labels(of point: OTLPPoint, _ resource: OTLPResource) -> [SeriesKey.Label] {
        let own = prometheusLabels(point.attributes)
        return resource.labels + own.filter { label in !resource.labels.contains { $0.name == label.name } }
    }

    private mutating func reject(_ problem: String) {
        rejectedPoints += 1
        firstProblem = firstProblem ?? problem
    }
}

import HTTPTypes
import Hummingbird
import NIOCore
import Ports
import Series
import Units

/// The part of Prometheus's read API with which Grafana and `promtool` find and draw what is stored.
struct QueryRoutes: Sendable {
    let store: any SampleStore
    let reader: BodyReader
    let gate: Gate
    let now: @Sendable () -> Timestamp

    func add(to router: Router<APIContext>) {
        let both: [(String, @Sendable (FormFields) async throws -> Response)] = [
            ("query", { try await instant($0) }), ("query_range", { try await range($0) }),
            ("labels", { try await labelNames($0) }), ("series", { try await series($0) }),
        ]
        for (name, handler) in both {
            router.get("/api/v1/\(name)") { request, context in try await answer(request, context, handler) }
            router.post("/api/v1/\(name)") { request, context in try await answer(request, context, handler) }
        }
        router.get("/api/v1/label/:name/values") { request, context in
            try await answer(request, context) { fields in
                try await labelValues(of: context.parameters.get("name") ?? "", fields)
            }
        }
        router.get("/api/v1/status/buildinfo") { _, _ in buildInfo() }
        // What the metrics mean is not stored; Grafana asks for it all the same.
        router.get("/api/v1/metadata") { _, _ in success { $0.raw("{}") } }
    }

    private func answer(
        _ request: Request, _ context: APIContext, _ handler: (FormFields) async throws -> Response
    ) async throws -> Response {
        do {
            return try await gate.withPlace { try await handler(try await FormFields(request, reader)) }
        } catch {
            guard let told = PrometheusError(error) else { throw error }
            return told.response
        }
    }

    /// `query` at one instant, `time` or now.
    private func instant(_ fields: FormFields) async throws -> Response {
        let query = try Query(parsing: try required("query", fields))
        let steps = try QuerySteps(at: try time("time", fields) ?? now())
        let found = try await run(query, at: steps)
        return success { json in
            json.raw(query.isScalar ? #"{"resultType":"scalar","result":"# : #"{"resultType":"vector","result":"#)
            if query.isScalar {
                json.point(milliseconds: steps.start, found.first?.values.first ?? .nan)
            } else {
                json.list(found) { json, series in
                    json.raw(#"{"metric":"#)
                    json.labels(metric: series.metric, series.labels)
                    json.raw(#","value":"#)
                    json.point(milliseconds: steps.start, series.values[0])
                    json.raw("}")
                }
            }
            json.raw("}")
        }
    }

    /// `query` from `start` to `end`, every `step`.
    private func range(_ fields: FormFields) async throws -> Response {
        let query = try Query(parsing: try required("query", fields))
        guard let start = try time("start", fields), let end = try time("end", fields) else {
            throw PrometheusError.badData("start and end are wanted, as Unix seconds or RFC 3339")
        }
        guard let step = queryDuration(try required("step", fields)) else {
            throw PrometheusError.badData("step must be a number of seconds or a duration as 15s")
        }
        let steps = try QuerySteps(from: start, to: end, step: step)
        return matrix(try await run(query, at: steps), steps)
    }

    private func run(_ query: Query, at steps: QuerySteps) async throws -> [QuerySeries] {
        var run = QueryRun(query, at: steps)
        guard let filter = query.source?.filter, let range = run.range else { return try run.finish() }
        let start = reader.uptime()
        let keys = try await store.keys(matching: filter.selector).filter(filter.matches)
        try await store.forEachSeries(keys, in: range) { key, samples in
            try run.add(key, samples)
            guard reader.uptime() - start <= reader.limits.answering else {
                throw PrometheusError(
                    .serviceUnavailable, "timeout", "the query took over \(reader.limits.answering); select less")
            }
        }
        return try run.finish()
    }

    /// Written series by series: the text is some times the size of the values.
    private func matrix(_ series: [QuerySeries], _ steps: QuerySteps) -> Response {
        let body = ResponseBody { writer in
            let head = JSONText { $0.raw(#"{"status":"success","data":{"resultType":"matrix","result":["#) }
            try await writer.write(head.buffer)
            for (index, series) in series.enumerated() {
                try await writer.write(Self.text(series, steps, isFirst: index == 0).buffer)
            }
            try await writer.write(JSONText { $0.raw("]}}") }.buffer)
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/json"], body: body)
    }

    private static func text(_ series: QuerySeries, _ steps: QuerySteps, isFirst: Bool) -> JSONText {
        JSONText(reserving: 32 * steps.count + 256) { json in
            json.raw(isFirst ? #"{"metric":"# : #",{"metric":"#)
            json.labels(metric: series.metric, series.labels)
            json.raw(#","values":"#)
            json.list(series.values.indices.lazy.filter { !isAbsent(series.values[$0]) }) { json, index in
                json.point(milliseconds: steps[index], series.values[index])
            }
            json.raw("}")
        }
    }

    /// The series of every `match[]`, each once, ascending.
    private func series(_ fields: FormFields) async throws -> Response {
        guard !fields.all("match[]").isEmpty else { throw PrometheusError.badData("a match[] is wanted") }
        let found = try limited(try await keys(fields), fields)
        return success { json in
            json.list(found) { json, key in json.labels(metric: key.metric, key.labels) }
        }
    }

    private func labelNames(_ fields: FormFields) async throws -> Response {
        let keys = try await keys(fields)
        let names = Set(keys.flatMap { key in key.labels.map(\.name) }).union(keys.isEmpty ? [] : ["__name__"])
        let found = try limited(names.sorted(), fields)
        return success { json in json.list(found) { $0.string($1) } }
    }

    private func labelValues(of name: String, _ fields: FormFields) async throws -> Response {
        let keys = try await keys(fields)
        let values = Set(keys.compactMap { name == "__name__" ? $0.metric : $0.value(of: name) })
        let found = try limited(values.sorted(), fields)
        return success { json in json.list(found) { $0.string($1) } }
    }

    /// What is stored, or of that what any `match[]` means; with samples from `start` to `end` where they are given.
    private func keys(_ fields: FormFields) async throws -> [SeriesKey] {
        let filters = try fields.all("match[]").map { text throws in try Query.filter(parsing: text) }
        let range = try sampled(fields)
        guard !filters.isEmpty else { return try await known(nil, range) }
        var found: Set<SeriesKey> = []
        for filter in filters { found.formUnion(try await known(filter.selector, range).filter(filter.matches)) }
        return found.sorted()
    }

    private func known(_ selector: SeriesSelector?, _ range: Range<Timestamp>?) async throws -> [SeriesKey] {
        guard let range else { return try await store.keys(matching: selector) }
        return try await store.keys(matching: selector, in: range)
    }

    /// From `start` to `end`, both within it; nil where neither is given.
    private func sampled(_ fields: FormFields) throws -> Range<Timestamp>? {
        let (start, end) = (try time("start", fields), try time("end", fields))
        guard start != nil || end != nil else { return nil }
        let first = start?.millisecondsSinceEpoch ?? .min, last = end?.millisecondsSinceEpoch ?? .max
        guard first <= last else { throw PrometheusError.badData("end must not be before start") }
        let beyond = last == .max ? last : last + 1
        return Timestamp(millisecondsSinceEpoch: first)..<Timestamp(millisecondsSinceEpoch: beyond)
    }

    private func limited<Element>(_ elements: [Element], _ fields: FormFields) throws -> ArraySlice<Element> {
        guard let text = fields["limit"] else { return elements[...] }
        guard let limit = Int(text), limit >= 0 else { throw PrometheusError.badData("limit must be a whole number") }
        return limit == 0 ? elements[...] : elements.prefix(limit)
    }

    private func required(_ name: String, _ fields: FormFields) throws -> String {
        guard let text = fields[name] else { throw PrometheusError.badData("\(name) is wanted") }
        return text
    }

    private func time(_ name: String, _ fields: FormFields) throws -> Timestamp? {
        try fields[name].map { text throws in
            guard let time = Timestamp(parsing: text) else {
                throw PrometheusError.badData("\(name) must be a time, as Unix seconds or RFC 3339")
            }
            return time
        }
    }

    /// By the version Grafana tells what it may ask; this API is a part of that version's.
    private func buildInfo() -> Response {
        success { json in
            json.raw(
                #"{"version":"2.42.0","revision":"prewarm","branch":"","buildUser":"","buildDate":"","goVersion":""}"#)
        }
    }
}

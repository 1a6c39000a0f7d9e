import Series
import Units
import WireFormats

/// A decoder under attack. `run` must return for any bytes whatever; what a decoder promises of its result is checked by
/// preconditions, so that a broken promise ends the process as a trap does.
enum FuzzTarget: UInt8, CaseIterable {
    case snappy, remoteWrite1, remoteWrite2, readRequest, readResponse, prometheusText, openMetrics, otlpProtobuf,
        otlpJSON
    case statsD, accessLog, jsonLines, csv, selector, chunk, wideCSV, eventCSV
    case iCalendar, knownEventsCSV

    /// The first byte of an input names the decoder; the rest is for it.
    static func run(_ input: ArraySlice<UInt8>) {
        guard let first = input.first, let target = Self(rawValue: first % UInt8(allCases.count)) else { return }
        target.run(Array(input.dropFirst()))
    }

    private func run(_ bytes: [UInt8]) {
        switch self {
        case .snappy: snappy(bytes)
        case .remoteWrite1, .remoteWrite2: remoteWrite(bytes)
        case .readRequest: readRequest(bytes)
        case .readResponse: readResponse(bytes)
        case .prometheusText: exposition(bytes, .prometheusText)
        case .openMetrics: exposition(bytes, .openMetrics)
        case .otlpProtobuf: check((try? decodeOTLP(protobuf: bytes.span))?.batch, within: bytes.count)
        case .otlpJSON: check((try? decodeOTLP(json: bytes[...]))?.batch, within: bytes.count)
        case .statsD: statsD(bytes)
        case .accessLog: accessLog(bytes)
        case .jsonLines: jsonLines(bytes)
        case .csv: csv(bytes)
        case .iCalendar: events(try? decodeICalendar(bytes), within: bytes.count)
        case .knownEventsCSV: events(try? decodeKnownEventsCSV(bytes), within: bytes.count)
        case .chunk: chunk(bytes)
        case .wideCSV: wideCSV(bytes)
        case .eventCSV: eventCSV(bytes)
        case .selector: _ = try? SeriesSelector(parsing: String(decoding: bytes, as: UTF8.self))
        }
    }

    private func snappy(_ bytes: [UInt8]) {
        var output: [UInt8] = []
        let isRead = (try? snappyDecompress(bytes.span, limit: 1 << 16, into: &output)) != nil
        precondition(output.count <= 1 << 16 && (isRead || output.isEmpty), "a block within its limit")
        var again: [UInt8] = []
        let isSame = (try? snappyDecompress(snappyCompress(bytes).span, limit: bytes.count, into: &again)) != nil
        precondition(isSame && again == bytes, "what is compressed comes back")
    }

    private func remoteWrite(_ bytes: [UInt8]) {
        var columns = WriteColumns()
        if self == .remoteWrite1 {
            try? decodeRemoteWrite1(bytes, into: &columns)
        } else {
            try? decodeRemoteWrite2(bytes.span, limit: bytes.count, into: &columns)
        }
        precondition(columns.times.count == columns.values.count && columns.times.count == columns.series.count)
        precondition(columns.sampleCount <= bytes.count && columns.bytes.count <= 8 * bytes.count)
        precondition(columns.series.allSatisfy { $0 < columns.blocks.count })
        precondition(columns.values.allSatisfy { !$0.isNaN }, "a NaN is a gap")
        for block in columns.blocks {
            guard let key = try? SeriesKey(labelBlock: columns.bytes[block]) else { continue }
            precondition((try? SeriesKey(labelBlock: key.labelBlock)) == key, "a block names its series")
        }
    }

    private func readRequest(_ bytes: [UInt8]) {
        guard let request = try? decodeReadRequest(bytes.span) else { return }
        var again = request
        again.acceptsSamples = true
        precondition((try? decodeReadRequest(encodeReadRequest(request).span)) == again, "a request comes back")
    }

    private func readResponse(_ bytes: [UInt8]) {
        var batch = SampleBatch()
        let isRead = (try? decodeReadResponse(bytes.span, into: &batch)) != nil
        precondition(isRead || batch.isEmpty, "all or nothing")
        check(batch, within: bytes.count)
        let series = zip(batch.keys, batch.columns).map { ReadSeries(key: $0, samples: $1) }
        var again = SampleBatch()
        let isSame = (try? decodeReadResponse(encodeReadResponse([series]).span, into: &again)) != nil
        precondition(isSame && again.keys == batch.keys && again.columns.map(\.values) == batch.columns.map(\.values))
    }

    private func exposition(_ bytes: [UInt8], _ format: ExpositionFormat) {
        check(
            try? decodeExposition(bytes[...], format: format, at: Timestamp(secondsSinceEpoch: 1)), within: bytes.count)
    }

    private func statsD(_ bytes: [UInt8]) {
        var aggregator = StatsDAggregator(maximumSeries: 20, maximumMembers: 20, forgetAfter: 2)
        for _ in 0..<2 {
            aggregator.add(datagram: bytes[...])
            let batch = aggregator.flush(at: Timestamp(secondsSinceEpoch: 1))
            precondition(batch.sampleCount <= 40 && aggregator.seriesCount <= 20, "bounded")
        }
    }

    private func accessLog(_ bytes: [UInt8]) {
        var counter = AccessLogCounter(step: 86_400, maximumRoutes: 3, maximumCells: 50_000)
        for line in bytes.split(separator: 10) { counter.count(line) }
        guard let batch = try? counter.samples(metric: "hits") else { return }
        let sum = batch.columns.reduce(0) { $0 + $1.values.reduce(0, +) }
        precondition(sum <= Double(counter.lines - counter.malformedLines), "no line counts twice")
    }

    private func jsonLines(_ bytes: [UInt8]) {
        var batch = SampleBatch()
        let isRead = (try? decodeJSONLine(bytes[...], into: &batch)) != nil
        precondition(isRead || batch.isEmpty, "all or nothing")
        check(batch, within: bytes.count)
    }

    private func events(_ events: [CalendarEvent]?, within count: Int) {
        guard let events else { return }
        precondition(events.count <= count, "no event from nothing")
        let through = Timestamp(secondsSinceEpoch: 1_900_000_000)
        for event in events.prefix(8) {
            let spans = event.occurrences(through: through, rules: .utc)
            precondition(
                spans.count <= Recurrence.most && spans.allSatisfy { $0.start <= $0.end && $0.start <= through })
        }
    }

    private func csv(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: 10, maxSplits: 1)
        guard lines.count == 2, let decoder = try? CSVTraceDecoder(header: lines[0]) else { return }
        if let row = try? decoder.decode(lines[1]) {
            precondition(row.value?.isFinite ?? true, "a value is a number")
        }
    }

    private func wideCSV(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: 10, maxSplits: 8),
            grid = WideGrid(start: Timestamp(secondsSinceEpoch: 0), step: 60)
        guard let key = try? SeriesKey(metric: "m"), let header = lines.first,
            var decoder = try? WideCSVDecoder(header: header, grid: grid, key: key, by: ["app"])
        else { return }
        var batch = SampleBatch()
        for line in lines.dropFirst() { try? decoder.decode(line, into: &batch) }
        check(batch, within: bytes.count)
        precondition(batch.columns.allSatisfy { $0.values.allSatisfy(\.isFinite) }, "a value is a number")
    }

    private func eventCSV(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: 10)
        var meaning = EventColumns(), limits = EventCounter.Limits()
        (meaning.by, meaning.value) = (["kind"], "size")
        (limits.series, limits.filled, limits.samples) = (3, 20, 10_000)
        guard let key = try? SeriesKey(metric: "m"), let header = lines.first,
            let decoder = try? EventCSVDecoder(header: header, meaning, key: key)
        else { return }
        var counter = EventCounter(every: 60, limits: limits)
        for line in lines.dropFirst() {
            guard let row = try? decoder.decode(line) else { continue }
            try? counter.count(row)
        }
        precondition(counter.keys.count <= 3 && counter.events < lines.count, "bounded")
        guard let steps = try? counter.steps() else { return }
        for number in counter.keys.indices {
            let samples = counter.samples(of: number)
            precondition(samples.count == steps && samples.values.allSatisfy(\.isFinite), "a sample a step")
        }
    }

    private func chunk(_ bytes: [UInt8]) {
        guard let (times, values) = try? Chunk.decode(bytes[...]) else { return }
        precondition(times.count == values.count && (1...Chunk.maximumCount).contains(times.count), "bounded")
        precondition(zip(times, times.dropFirst()).allSatisfy(<) && !values.contains(where: \.isNaN))
        let again = try? Chunk.decode(Chunk.encode(times: times, values: values)[...])
        precondition(again?.times == times && again?.values.map(\.bitPattern) == values.map(\.bitPattern), "comes back")
    }

    private func check(_ batch: SampleBatch?, within bound: Int) {
        guard let batch else { return }
        precondition(batch.sampleCount <= bound, "bounded by the bytes")
        precondition(batch.columns.allSatisfy { $0.values.allSatisfy { !$0.isNaN } }, "a NaN is a gap")
    }
}

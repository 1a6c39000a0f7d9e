import Series
import Testing
import Units
import WireFormats

@Suite struct ConvertersTests {
    @Test func readsSamplesWhateverTheHeader() throws {
        let plain = try convert(
            .timestampValue, "timestamp,value\n2014-07-01 00:00:00,10844\n2014-07-01 00:30:00,8127.5\n")
        #expect(plain.timestamps.map(\.description) == ["2014-07-01T00:00:00Z", "2014-07-01T00:30:00Z"])
        #expect(plain.values == [10_844, 8_127.5])
        let labelled = try convert(
            .timestampValue,
            "TimeStamp,Value,Label\r\n\"2018-04-25T00:00:00Z\",6034.7,0\r\n\r\n\"2018-04-25T00:01:00Z\",,1\r\n")
        #expect(labelled.count == 2)
        #expect(labelled.values[0] == 6_034.7 && labelled.values[1].isNaN)
    }

    /// A quiet minute is a zero; the minutes in which the log starts and ends are not whole, and go.
    @Test func countsEventsByWholeMinutes() throws {
        let samples = try convert(
            .eventTimestamps,
            """
            TIMESTAMP,ContextTokens,GeneratedTokens
            2023-11-16 18:17:03.9799600,4808,10
            2023-11-16 18:18:59.9999999,1,2
            2023-11-16 18:18:00,1,2
            2023-11-16 18:20:30,1,2
            2023-11-16 18:21:00,1,2
            """)
        #expect(
            samples.timestamps.map(\.description)
                == ["2023-11-16T18:18:00Z", "2023-11-16T18:19:00Z", "2023-11-16T18:20:00Z"])
        #expect(samples.values == [2, 0, 1])
    }

    /// Minutes are counted towards the past, also before 1970.
    @Test func countsMinutesBeforeTheEpoch() throws {
        let samples = try convert(
            .eventTimestamps, "t\n1969-12-31T23:57:59Z\n1969-12-31T23:58:59.5Z\n1969-12-31T23:59:59.5Z\n1970-01-01\n")
        #expect(samples.timestamps.map(\.millisecondsSinceEpoch) == [-120_000, -60_000])
        #expect(samples.values == [1, 1])
    }

    @Test(arguments: [
        (TraceConverter.timestampValue, "", "line 1: the file is empty"),
        (.timestampValue, "timestamp,value\n", "line 1: a header and no rows"),
        (.timestampValue, "<html>\n", "line 1: the header must name the columns timestamp and value"),
        (.timestampValue, "timestamp,value\n0,1\n\n0,2\n", "line 4: 1970-01-01T00:00:00Z is not after"),
        (.timestampValue, "timestamp,value\n0,one\n", "line 2: 'one' is no finite number"),
        (.timestampValue, "timestamp,value\n0\n", "line 2: 1 column; the header has 2"),
        (.eventTimestamps, "t\nsoon,1\n", "line 2: 'soon' is no time; check that the file is the original"),
        (.eventTimestamps, "t\n0\n60\n", "line 3: the events span no whole minute"),
        (.eventTimestamps, "t\n0\n2000000000\n", "line 3: 33333333 minutes between"),
    ])
    func badFilesAreNamedWithTheirLine(converter: TraceConverter, text: String, message: String) {
        #expect { _ = try convert(converter, text) } throws: { "\($0)".hasPrefix(message) }
    }

    @Test func writtenTracesReadBackTheSame() throws {
        let values: [Double] = [0, -3, 0.1 + 0.2, 1e300, 1e15, 123_456_789_012_345, .leastNonzeroMagnitude, .nan]
        let times = values.indices.map { Timestamp(millisecondsSinceEpoch: Int64($0) * 60_250 - 60_000) }
        let bytes = encodedTraceCSV(SampleColumns(timestamps: times, values: values))
        #expect(
            String(decoding: bytes, as: UTF8.self).hasPrefix(
                "timestamp,value\n1969-12-31T23:59:00Z,0\n1970-01-01T00:00:00.250Z,-3\n"))
        let back = try TraceConverter.timestampValue.convert(bytes[...])
        #expect(back.timestamps == times)
        #expect(back.values.dropLast() == values.dropLast())
        #expect(back.values.last?.isNaN == true)
    }

    private func convert(_ converter: TraceConverter, _ text: String) throws -> SampleColumns {
        try converter.convert(Array(text.utf8)[...])
    }
}

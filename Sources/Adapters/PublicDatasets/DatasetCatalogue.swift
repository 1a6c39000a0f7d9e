/// A public trace: where its original lies, what may be done with it, and how it becomes samples.
package struct DatasetEntry: Hashable, Sendable, Codable {
    /// What users call it; letters, digits and dashes.
    package let name: String
    package let title: String
    /// The original file at a pinned commit.
    package let url: String
    package let licence: String
    /// Of the original, in lower-case hex; and its size.
    package let sha256: String
    package let bytes: Int
    /// A `TraceConverter`.
    package let converter: String
    /// What the values are, as `kind` of a service: count, rate or gauge.
    package let kind: String
    /// What there is to see in it, and what to beware of.
    package let shows: String

    package init(
        name: String, title: String, url: String, licence: String, sha256: String, bytes: Int, converter: String,
        kind: String, shows: String
    ) {
        (self.name, self.title, self.url, self.licence) = (name, title, url, licence)
        (self.sha256, self.bytes, self.converter) = (sha256, bytes, converter)
        (self.kind, self.shows) = (kind, shows)
    }
}

/// The public traces that `forecast datasets` knows. `datasets/catalogue.json` is the same for other programs; a test
/// keeps the two alike. It is code and no resource so that the program stays one file.
package enum DatasetCatalogue {
    private static let numenta =
        "https://raw.githubusercontent.com/numenta/NAB/ea702d75cc2258d9d7dd35ca8e5e2539d71f3140/data/"
    private static let microsoft =
        "https://raw.githubusercontent.com/microsoft/cloud-monitoring-dataset/6a07a53c2fac495fb6831811df4c980d6c04bd10/data/"
    private static let azure =
        "https://raw.githubusercontent.com/Azure/AzurePublicDataset/b469a113cedca53ddc3bdea71a143dc4b7d8700c/data/"

    package static let entries = [
        DatasetEntry(
            name: "nyc-taxi", title: "New York taxi passengers, half-hourly, 7 months",
            url: numenta + "realKnownCause/nyc_taxi.csv", licence: "MIT",
            sha256: "d8fa6f7f0734bf5c8be12c52a94e20a82664c397d9dec4449156bd453d32856d", bytes: 265_771,
            converter: "timestamp-value", kind: "count",
            shows: "Strong daily and weekly rhythm; holidays and a blizzard break it. Times are local, labelled UTC."),
        DatasetEntry(
            name: "elb-requests", title: "Requests to an AWS load balancer, 5-minute, 14 days",
            url: numenta + "realAWSCloudwatch/elb_request_count_8c0756.csv", licence: "MIT",
            sha256: "74c26574a01ca9fb89dddb5021e2e13c3a93eb25dc640438a9acb1ceb00f1021", bytes: 101_052,
            converter: "timestamp-value", kind: "count",
            shows: "A small service: noise and bursts over a weak daily rhythm; some rows are missing."),
        DatasetEntry(
            name: "mongodb-rps", title: "Queries to a MongoDB cluster of a Microsoft service, 1-minute, 11 days",
            url: microsoft + "mongodb-application-rps/mongo-01.csv", licence: "MIT",
            sha256: "069d04b19b4830df1d1be608c00e841dde6dd7263e266993ca4b8706c875dd80", bytes: 694_124,
            converter: "timestamp-value", kind: "rate",
            shows: "A large service at the step that scaling works at: a smooth day, and dips where it was disrupted."),
        DatasetEntry(
            name: "twitter-aapl", title: "Tweets that name AAPL, 5-minute, 2 months",
            url: numenta + "realTweets/Twitter_volume_AAPL.csv", licence: "MIT",
            sha256: "826f5cf404c2890784a7824f7102fd00cb134a4948e12e44ec320d095cbbc217", bytes: 368_111,
            converter: "timestamp-value", kind: "count",
            shows: "Counts whose news-driven spikes no history foretells: what a forecast cannot do."),
        DatasetEntry(
            name: "azure-llm-code", title: "Requests to an Azure LLM service for code, 2023, 1 hour",
            url: azure + "AzureLLMInferenceTrace_code.csv", licence: "CC-BY-4.0",
            sha256: "54e9a6d2a4bd06ba1e060304b900abbc74cbea53de96506e60fe5bb4f2277fb6", bytes: 320_117,
            converter: "event-timestamps", kind: "count",
            shows: "Model serving: a line per request, counted by minute. Too short to learn a day from."),
    ]

    package static func entry(named name: String) throws(DatasetError) -> DatasetEntry {
        guard let found = entries.first(where: { $0.name == name }) else {
            throw .unknown(name, known: entries.map(\.name))
        }
        return found
    }
}

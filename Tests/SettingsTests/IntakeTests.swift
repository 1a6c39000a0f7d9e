import Series
import Settings
import Testing

/// What is fetched and listened for.
@Suite struct IntakeTests {
    @Test func readsTargetsAndStatsD() throws {
        let settings = try parse(
            """
            scrape:
              - {url: "http://127.0.0.1:8080/metrics", every: 30s, timeout: 2s, labels: {job: web, a: "1"}}
              - {url: "https://example.com/m", every: 3s, ca: ca.pem, tokenFile: t}
            statsd: {listen: "[::1]:0", flush: 5s}
            """)
        let (first, second) = (settings.scrape[0], settings.scrape[1])
        #expect(first.instance == "127.0.0.1:8080" && first.everySeconds == 30 && first.timeoutSeconds == 2)
        #expect(first.labels.map { "\($0.name)=\($0.value)" } == ["a=1", "job=web"])
        #expect(second.instance == "example.com:443" && second.timeoutSeconds == 3 && second.labels.isEmpty)
        #expect(second.authoritiesFile == "ca.pem" && second.tokenFile == "t" && first.tokenFile == nil)
        #expect(settings.statsd.map { "\($0.host) \($0.port) \($0.flushSeconds)" } == "::1 0 5")
        let none = try parse("tick: 15s")
        #expect(none.scrape.isEmpty && none.statsd == nil)
        let usual = try parse("statsd: {}").statsd
        #expect(usual.map { "\($0.host) \($0.port) \($0.flushSeconds)" } == "127.0.0.1 8125 10")
    }

    @Test(
        arguments: [
            ("scrape: {url: x}", "c.yaml:1: scrape: a list is expected"),
            ("scrape: [{every: 15s}]", "scrape[0].url: is missing; an address such as"),
            ("scrape: [{url: 'ftp://a/'}]", "scrape[0].url: 'ftp://a/' will not do"),
            ("scrape: [{url: 'http:///m'}]", "will not do"),
            ("scrape: [{url: 'http://me:pw@a/m'}]", "will not do"),
            ("scrape: [{url: 'http://a/m', every: 0s}]", "scrape[0].every: must be whole seconds from 1 to 3600"),
            ("scrape: [{url: 'http://a/m', timeout: 20s}]", "scrape[0].timeout: must be from 100ms to 'every', 15s"),
            ("scrape: [{url: 'http://a/m', labels: {'a b': x}}]", "scrape[0].labels: 'a b' is no label name"),
            ("scrape: [{url: 'http://a/m', labels: {a: [1]}}]", "scrape[0].labels: a text for every label"),
            ("scrape: [{url: 'http://a/m', evry: 1s}]", "did you mean 'every'?"),
            ("scrape: [{url: 'http://a/m'}, {url: 'http://a/m'}]", "http://a/m stands twice with the same labels"),
            ("scrape: [{url: 'http://127.0.0.1/m', ca: a}]", "scrape[0].ca: is for targets of https"),
            ("scrape: [{url: 'http://a/m', tokenFile: t}]", "scrape[0].tokenFile: without TLS others on the way"),
            ("statsd: {listen: '0.0.0.0:8125'}", "statsd.listen: '0.0.0.0:8125' will not do"),
            ("statsd: {listen: '127.0.0.1'}", "statsd.listen: '127.0.0.1' will not do"),
            ("statsd: {flush: 2h}", "statsd.flush: must be whole seconds from 1 to 3600"),
            ("statsd: [a]", "statsd: a group of keys is expected"),
        ])
    func badValuesAreTold(text: String, problem: String) {
        #expect { _ = try parse(text) } throws: { "\($0)".contains(problem) }
    }

    @Test func targetsAreBounded() {
        let list = (0...1_000).map { "{url: 'http://a/\($0)'}" }.joined(separator: ", ")
        #expect { _ = try parse("scrape: [\(list)]") } throws: { "\($0)".contains("1001 targets; at most 1000") }
    }

    private func parse(_ text: String) throws -> Settings {
        try Settings(
            parsing: text + "\nworkloads: [{name: w, demand: {series: m}, capacity: {perInstance: 1}}]\n",
            path: "c.yaml")
    }
}

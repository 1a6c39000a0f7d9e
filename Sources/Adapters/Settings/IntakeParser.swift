import Foundation
import Series

extension ScrapeSettings {
    /// A scrape that takes longer than this is no scrape, and a target that is asked less often has gaps, seconds.
    private static let intervals = 1...3_600
    static let maximumTargets = 1_000

    static func list(_ root: YAMLSection, _ problems: inout ProblemList) -> [ScrapeSettings] {
        guard root.line(of: "scrape") != nil else { return [] }
        let list = root.sections("scrape", &problems).compactMap { ScrapeSettings(reading: $0, &problems) }
        if list.count > maximumTargets {
            problems.add(root, "scrape", "\(list.count) targets; at most \(maximumTargets)")
        }
        var seen: Set<ScrapeSettings.Identity> = []
        for target in list where !seen.insert(target.identity).inserted {
            problems.add(root, "scrape", "\(target.url) stands twice with the same labels")
        }
        return list
    }

    private init?(reading section: YAMLSection, _ problems: inout ProblemList) {
        section.allow(["url", "every", "timeout", "labels", "tokenFile", "ca"], &problems)
        let every = section.wholeSeconds("every", default: 15, in: Self.intervals, &problems)
        let timeout = section.seconds("timeout", default: Double(min(5, every)), &problems)
        if !(0.1...Double(every)).contains(timeout) {
            problems.add(section, "timeout", "must be from 100ms to 'every', \(every)s")
        }
        let labels = section.labels("labels", &problems)
        let address = section.required(
            "url", Self.address, "an address such as http://127.0.0.1:8080/metrics", &problems)
        guard let address else { return nil }
        let tokenFile = section.string("tokenFile"), authorities = section.string("ca")
        if authorities != nil, !address.isSecure { problems.add(section, "ca", "is for targets of https") }
        if tokenFile != nil, !address.isSecure, !Settings.isLoopback(address.host) {
            problems.add(section, "tokenFile", "without TLS others on the way can read the token; use https")
        }
        self.init(
            url: address.url, instance: address.instance, everySeconds: every, timeoutSeconds: timeout, labels: labels,
            tokenFile: tokenFile, authoritiesFile: authorities)
    }

    /// A URL with HOST:PORT. Nil where it is none, or carries a password, which others could read here.
    private static func address(_ text: String) -> (url: String, instance: String, host: String, isSecure: Bool)? {
        guard let url = URL(string: text), let host = url.host(), !host.isEmpty, url.user == nil, url.fragment == nil,
            let scheme = url.scheme, scheme == "http" || scheme == "https"
        else { return nil }
        let isSecure = scheme == "https"
        return (text, "\(host):\(url.port ?? (isSecure ? 443 : 80))", host, isSecure)
    }

    private struct Identity: Hashable { let url: String, labels: [SeriesKey.Label] }
    private var identity: Identity { Identity(url: url, labels: labels) }
}

extension StatsDSettings {
    init?(reading root: YAMLSection, _ problems: inout ProblemList) {
        guard let section = root.section("statsd", &problems) else { return nil }
        section.allow(["listen", "flush"], &problems)
        let flush = section.wholeSeconds("flush", default: 10, in: 1...3_600, &problems)
        let text = section.string("listen") ?? "127.0.0.1:8125"
        guard let address = Settings.hostAndPort(text), Settings.isLoopback(address.host) else {
            problems.add(
                section, "listen",
                "'\(text)' will not do; HOST:PORT on loopback (127.0.0.1, ::1, localhost): StatsD knows no password")
            return nil
        }
        self.init(host: address.host, port: address.port, flushSeconds: flush)
    }
}

import Units

/// Where samples are kept, and how many.
package struct StoreSettings: Hashable, Sendable {
    package var path: String
    /// Samples and decisions older than this are removed, seconds.
    package var retentionSeconds = 90 * 86_400
    /// Samples that come older than this are refused, seconds; at most `retentionSeconds`.
    package var lateSeconds = 90 * 86_400
    /// Whether rollups are made, and after how many seconds those of five minutes and of an hour are removed.
    package var makesRollups = true
    package var fineSeconds = 400 * 86_400, coarseSeconds = 5 * 365 * 86_400
    /// Whether decisions and models survive a power cut too; else the last may be lost to one.
    package var isFullySynchronous = false
    /// Whether a push is answered before its samples are synced to the disk.
    package var acknowledgesUnsynced = false
    /// The oldest samples are removed beyond this size of the database; nil where it may grow.
    package var maximumBytes: Int?
    /// Samples in memory that are not in the database yet, at most.
    package var memoryBytes = 64 << 20
    package var maximumSeries = 1_000_000
    /// How long a sample may stay in memory, seconds. It is durable before.
    package var flushSeconds = 300.0

    package init(path: String) { self.path = path }

    init(reading section: YAMLSection?, _ problems: inout ProblemList) {
        self.init(path: section?.string("path") ?? "prewarm.db")
        guard let section else { return }
        section.allow(
            [
                "path", "retention", "late", "rollups", "size", "memory", "series", "flush", "synchronous",
                "acknowledge",
            ], &problems)
        let retention = section.seconds("retention", default: Double(retentionSeconds), &problems)
        if retention < 86_400 { problems.add(section, "retention", "must be at least 1d") }
        retentionSeconds = Int(min(retention, 1e9))
        lateSeconds = section.wholeSeconds("late", default: retentionSeconds, in: 0...retentionSeconds, &problems)
        readRollups(section, &problems)
        isFullySynchronous = section.choice("synchronous", Synchronous.self, default: .normal, &problems) == .full
        acknowledgesUnsynced = section.choice("acknowledge", Acknowledge.self, default: .synced, &problems) == .written
        maximumBytes = section.bytes("size", in: 10_000_000...(1 << 50), &problems)
        memoryBytes = section.bytes("memory", in: 4_000_000...(1 << 36), &problems) ?? memoryBytes
        maximumSeries = section.integer("series", default: maximumSeries, &problems)
        if !(1...10_000_000).contains(maximumSeries) { problems.add(section, "series", "must be from 1 to 10000000") }
        flushSeconds = section.seconds("flush", default: flushSeconds, &problems)
        if !(1...86_400).contains(flushSeconds) { problems.add(section, "flush", "must be from 1s to 1d") }
    }

    private enum Synchronous: String, CaseIterable { case full, normal }
    private enum Acknowledge: String, CaseIterable { case synced, written }

    /// `off`, or a group with how long each length is kept.
    private mutating func readRollups(_ section: YAMLSection, _ problems: inout ProblemList) {
        if section.string("rollups") == "off" {
            makesRollups = false
            return
        }
        guard let kept = section.section("rollups", &problems) else { return }
        kept.allow(["5m", "1h"], &problems)
        // Rollups of an hour are made of sixteen days of those of five minutes.
        let range = 30 * 86_400...1_000_000_000
        fineSeconds = kept.wholeSeconds("5m", default: fineSeconds, in: range, &problems)
        coarseSeconds = kept.wholeSeconds("1h", default: coarseSeconds, in: range, &problems)
    }
}

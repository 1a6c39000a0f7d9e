import Foundation
import Synchronization

/// How far a piece of work has come, on one line of a terminal that is rewritten in place.
///
/// Silent where standard error is no terminal, and for work of under a second. Not called Progress, which Foundation has.
package final class ProgressBar: Sendable {
    private let label: String
    private let total: Int
    private let elapsedSeconds: @Sendable () -> Double
    private let write: (@Sendable (String) -> Void)?
    private let state = Mutex((lastDrawn: 0.0, isDrawn: false))

    /// Work of `total` units, bytes or rows; 0 where it is not known.
    package convenience init(label: String, total: Int) {
        let start = ContinuousClock.now
        let write: @Sendable (String) -> Void = { FileHandle.standardError.write(Data($0.utf8)) }
        self.init(
            label: label, total: total, elapsedSeconds: { start.duration(to: .now) / .seconds(1) },
            write: Terminal.isErrorTerminal ? write : nil)
    }

    /// `write` nil makes it silent; `elapsedSeconds` counts from the start of the work.
    package init(
        label: String, total: Int, elapsedSeconds: @escaping @Sendable () -> Double,
        write: (@Sendable (String) -> Void)?
    ) {
        (self.label, self.total, self.elapsedSeconds, self.write) = (label, total, elapsedSeconds, write)
    }

    /// Says that `done` units are behind; redraws at most eight times a second. May be called as often as you like.
    package func update(_ done: Int) {
        guard let write else { return }
        let elapsed = elapsedSeconds()
        let isDue = state.withLock { state in
            guard elapsed >= 1, elapsed - state.lastDrawn >= 0.125 else { return false }
            state = (elapsed, true)
            return true
        }
        guard isDue else { return }
        let line = Self.line(
            label: label, done: done, total: total, elapsedSeconds: elapsed, width: Terminal.columns - 1)
        write("\r\u{1B}[K\(line)")
    }

    /// Wipes the line, so that what is printed next starts on a clean one.
    package func finish() {
        guard let write else { return }
        let wasDrawn = state.withLock { state in
            defer { state.isDrawn = false }
            return state.isDrawn
        }
        if wasDrawn { write("\r\u{1B}[K") }
    }

    /// Label, share, bar, rate and time left, in at most `width` characters: `reading x.csv  42% ███▍      1.2M/s, 8 s left`.
    ///
    /// The bar gives way first, then the label. Without a total only what is done and the rate are said.
    package static func line(
        label: String = "", done: Int, total: Int, elapsedSeconds: Double, width: Int = 80
    ) -> String {
        let rate = elapsedSeconds > 0 ? Double(max(done, 0)) / elapsedSeconds : 0
        let name = label.isEmpty ? "" : label + "  "
        guard total > 0 else {
            return String("\(name)\(shortText(Double(done))), \(shortText(rate))/s".prefix(max(width, 0)))
        }
        let share = min(max(Double(done) / Double(total), 0), 1)
        let digits = fixedText((share * 100).rounded(.down), digits: 0)
        let percent = String(repeating: " ", count: 3 - digits.count) + digits + "%"
        let left = rate > 0 ? Double(max(total - done, 0)) / rate : .nan
        let wait = left < 60 ? "\(fixedText(left, digits: 0)) s" : durationText(seconds: left)
        let tail = left.isFinite ? "\(shortText(rate))/s" + (done < total ? ", \(wait) left" : "") : ""
        let room = width - name.count - percent.count - tail.count - 3
        let bar = room >= 5 ? " \(Self.bar(share, cells: min(room, 40))) " : " "
        return String((name + percent + bar + tail).prefix(max(width, 0)))
    }

    private static func bar(_ share: Double, cells: Int) -> String {
        let eighths = Int(share * Double(cells) * 8)
        let part = Array(" ▏▎▍▌▋▊▉")[eighths % 8]
        let full = String(repeating: "█", count: eighths / 8)
        return full.count == cells ? full : full + String(part) + String(repeating: " ", count: cells - full.count - 1)
    }
}

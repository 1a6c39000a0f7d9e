import Foundation

/// What the process is connected to. Read by commands, and handed to the pure renderers as arguments.
package enum Terminal {
    package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
    package static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether output may be coloured: a terminal, and the user has not set `NO_COLOR`.
    package static var usesColour: Bool { isOutputTerminal && (variable("NO_COLOR") ?? "").isEmpty }

    /// Whether the locale can show more than ASCII; where nothing is said, yes.
    package static var usesUnicode: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first { !$0.isEmpty }
        guard let locale = locale?.lowercased() else { return true }
        return locale.contains("utf-8") || locale.contains("utf8")
    }

    /// Characters a line holds: of the terminal, or as `COLUMNS` says. Output that goes elsewhere gets long lines, so that a
    /// row of a table stays one for whatever reads it.
    package static var columns: Int {
        var size = winsize()
        if unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        let told = variable("COLUMNS").flatMap { Int($0) }.map { min(max($0, 20), 1_000) }
        return told ?? (isOutputTerminal ? 80 : 160)
    }

    private static func variable(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
}

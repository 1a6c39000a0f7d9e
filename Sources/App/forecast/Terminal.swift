import Foundation

/// What is known of the terminal, and lines for whoever watches it.
enum Terminal {
    /// Columns: of the terminal, or many where the output goes elsewhere, so that a line stays one.
    static var width: Int {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20
        else { return 160 }
        return Int(size.ws_col)
    }

    static var isColourful: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }

    /// Whether the locale promises UTF-8.
    static var isUnicode: Bool {
        let environment = ProcessInfo.processInfo.environment
        let locale = environment["LC_ALL"] ?? environment["LC_CTYPE"] ?? environment["LANG"] ?? ""
        return locale.uppercased().contains("UTF-8") || locale.uppercased().contains("UTF8")
    }

    /// A remark that is not part of the output.
    static func note(_ words: String...) {
        FileHandle.standardError.write(Data((words.joined(separator: " ") + "\n").utf8))
    }
}

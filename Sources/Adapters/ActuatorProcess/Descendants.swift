import Foundation
import Glibc

/// Every process below `root`, zombies too, read from `/proc`; nil where that cannot be read.
func descendants(of root: pid_t) -> Set<pid_t>? {
    guard let pids = allProcesses() else { return nil }
    var children: [pid_t: [pid_t]] = [:]
    for pid in pids {
        if let parent = parent(of: pid) { children[parent, default: []].append(pid) }
    }
    var found: Set<pid_t> = []
    var open = children[root, default: []]
    while let pid = open.popLast() {
        if found.insert(pid).inserted { open += children[pid, default: []] }
    }
    return found
}

/// The parent, from `/proc/PID/stat`: `PID (NAME) STATE PARENT …`, where the name may hold spaces and parentheses.
private func parent(of pid: pid_t) -> pid_t? {
    guard let line = contents(of: "/proc/\(pid)/stat"),
        let nameEnd = line.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = line[line.index(after: nameEnd)...].split(separator: UInt8(ascii: " "))
    return fields.count > 1 ? pid_t(String(decoding: fields[1], as: UTF8.self)) : nil
}

/// Kills every process that was started with `entry`, `KEY=VALUE`, in its environment, and what these go on to start.
///
/// The entry is nobody else's. Processes of other users, whose environment cannot be read, are let be.
func endAll(withEnvironment entry: String) async {
    // What starts others just now needs a second look; a bound, for what never ends starting others.
    for _ in 0..<100 {
        let found = (allProcesses() ?? []).filter { environment(of: $0, holds: entry) }
        guard !found.isEmpty else { return }
        for pid in found { kill(pid, SIGKILL) }
        try? await Task.sleep(for: .milliseconds(10))
    }
}

private func environment(of pid: pid_t, holds entry: String) -> Bool {
    let environment = contents(of: "/proc/\(pid)/environ") ?? Data()
    return environment.split(separator: 0).contains { $0.elementsEqual(entry.utf8) }
}

/// Of a file of the kernel's. By a handle, because Foundation's `contents(atPath:)` leaks a page for each that turns out empty, as
/// the environment of a zombie does.
private func contents(of path: String) -> Data? {
    guard let data = try? FileHandle(forReadingAtPath: path)?.readToEnd() else { return nil }
    return data
}

private func allProcesses() -> [pid_t]? {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) }
}

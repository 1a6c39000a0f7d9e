import FoundationEssentials
import Glibc

/// Every process below `root`, zombies too, read from `/proc`; nil where that cannot be read.
func descendants(of root: pid_t) -> Set<pid_t>? {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else { return nil }
    var children: [pid_t: [pid_t]] = [:]
    for pid in names.compactMap({ pid_t($0) }) {
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
    guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/stat"),
        let nameEnd = line.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = line[line.index(after: nameEnd)...].split(separator: UInt8(ascii: " "))
    return fields.count > 1 ? pid_t(String(decoding: fields[1], as: UTF8.self)) : nil
}

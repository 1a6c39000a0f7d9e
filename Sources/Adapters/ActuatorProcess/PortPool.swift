import Glibc

/// Loopback ports, each with one holder at a time.
///
/// Given out in turn, so that a client of an instance that has ended does not at once meet its successor.
package struct PortPool: Sendable {
    private var taken: Set<UInt16> = []
    private var latest: UInt16?

    package init() {}

    /// A port of `range` that nobody holds and nothing listens on; nil when there is none.
    package mutating func take(from range: ClosedRange<UInt16>) -> UInt16? {
        let start = latest.map { range.contains($0) ? Int($0) - Int(range.lowerBound) + 1 : 0 } ?? 0
        for step in 0..<range.count {
            let port = range.lowerBound + UInt16((start + step) % range.count)
            guard !taken.contains(port), isFree(port) else { continue }
            taken.insert(port)
            latest = port
            return port
        }
        return nil
    }

    package mutating func release(_ port: UInt16) { taken.remove(port) }
}

/// Whether a server that reuses addresses, as servers do, could listen on the loopback port now.
private func isFree(_ port: UInt16) -> Bool {
    let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard handle >= 0 else { return false }
    defer { close(handle) }
    // Without it, connections that the last holder of the port closed would block it for a minute.
    var reuse: Int32 = 1
    unsafe setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(handle, $0, size) == 0 }
    }
}

import Foundation

/// How many datagrams the kernel dropped because its buffer was full, as `/proc/net/udp` and `udp6` tell.
struct KernelDrops {
    private let port: Int
    private var last = 0

    init(port: Int) { self.port = port }

    /// Since it was asked last; 0 where the system does not tell.
    mutating func newOnes() -> Int {
        let tables = ["/proc/net/udp", "/proc/net/udp6"].compactMap { FileManager.default.contents(atPath: $0) }
        let total = tables.reduce(0) { $0 + droppedDatagrams(String(decoding: $1, as: UTF8.self), port: port) }
        defer { last = total }
        return max(0, total - last)
    }
}

/// The last column of the rows of a table of the kernel's whose local address, `HEX:PORT` in hexadecimal, has the port.
package func droppedDatagrams(_ table: String, port: Int) -> Int {
    table.split(separator: "\n").dropFirst().reduce(0) { sum, row in
        let fields = row.split(separator: " ")
        guard fields.count >= 13, let address = fields[1].split(separator: ":").last,
            Int(address, radix: 16) == port, let drops = fields.last.flatMap({ Int($0) })
        else { return sum }
        return sum + drops
    }
}

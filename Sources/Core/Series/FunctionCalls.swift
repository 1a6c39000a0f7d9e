/// The calls of one function, a count a minute; most minutes have none, so only the others are kept.
package struct FunctionCalls: Hashable, Sendable {
    package let name: String
    /// What it holds while it is loaded, where that is known.
    package let gigabytes: Double?
    /// How many minutes were watched.
    package let minutes: Int
    /// The minutes that have calls, ascending, from 0 on.
    package let busy: [Int]
    /// The calls of each of them; above zero.
    package let calls: [Double]

    /// `counts` has a value a minute; what is not above zero is no call.
    package init(name: String, gigabytes: Double? = nil, counts: [Double]) {
        (self.name, self.gigabytes, minutes) = (name, gigabytes, counts.count)
        busy = counts.indices.filter { counts[$0] > 0 }
        calls = busy.map { counts[$0] }
    }
}

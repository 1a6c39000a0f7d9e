/// The chance that an arrival has to wait where `servers` serve a Poisson stream of `load` erlangs, arrivals a service time; 1 where
/// they cannot keep up (A. K. Erlang, 1917).
///
/// The inverse of Erlang's loss probability is the sum of n!/(n - j)!/load^j over j: terms of one sign, so that nothing cancels, and
/// no more of them are added than count.
///
/// Complexity: O(servers - load + √load).
package func erlangC(servers: Int, load: Double) -> Double {
    guard load > 0 else { return 0 }
    guard Double(servers) > load else { return 1 }
    var term = 1.0, sum = 1.0, left = Double(servers)
    while left > 0 {
        term *= left / load
        left -= 1
        sum += term
        if left < load && term < 1e-17 * sum { break }
        if sum > 1e290 { return 0 }
    }
    let busy = load / Double(servers)
    return 1 / (sum * (1 - busy) + busy)
}

import Kernels
package import Planning
package import Series

/// What a policy's windows came to.
///
/// Functions with calls in one minute at most are left out: nothing could have been done for them.
package struct KeepAliveFigures: Hashable, Sendable {
    package let functions: Int
    /// All but those of each function's first minute.
    package let invocations: Double
    package let coldStarts: Int
    /// Of the invocations, and of each function's: the mean over functions and percentiles.
    package let coldTotal: Double, coldMean: Double, coldP50: Double, coldP75: Double, coldP90: Double
    /// Loaded without a call.
    package let wasteMinutes: Double
    /// Cold starts and idle memory together, seconds.
    package let rum: Double

    /// What is paid, in the currency of the prices.
    package func cost(_ prices: KeepAlivePrices) -> Double {
        Double(coldStarts) * prices.coldStart + wasteMinutes / 60 * prices.idleHour
    }
}

/// Asks `policy` for the windows of all functions, minute by minute: one for each busy minute of each function.
///
/// Complexity: that of the policy, and linear in the minutes and calls.
package func keepAliveWindows(
    _ policy: any KeepAlivePolicy, _ functions: [FunctionCalls]
) -> [[KeepAliveWindow]] {
    var policy = policy
    var windows = functions.map { _ in [KeepAliveWindow]() }
    var next = functions.map { _ in 0 }
    for minute in 0..<(functions.map(\.minutes).max() ?? 0) {
        var calls: [MinuteCalls] = []
        for (number, function) in functions.enumerated() {
            let place = next[number]
            guard place < function.busy.count, function.busy[place] == minute else { continue }
            calls.append(MinuteCalls(function: number, calls: function.calls[place]))
            next[number] += 1
        }
        guard !calls.isEmpty else { continue }
        for (call, window) in zip(calls, policy.windows(after: minute, calls)) {
            windows[call.function].append(window)
        }
    }
    return windows
}

/// Replays windows, one for each busy minute of each function. Nil where no function was called in two minutes.
///
/// Running takes no time. The first call of a minute is warm where the function is loaded at that minute, both ends
/// of a window included, and further calls of the minute are warm. Being loaded ends with the trace.
/// - Precondition: `windows` has a row for every function and in it a window for every busy minute.
package func replayKeepAlive(_ functions: [FunctionCalls], _ windows: [[KeepAliveWindow]]) -> KeepAliveFigures? {
    precondition(functions.count == windows.count, "every function has its windows")
    var shares: [Double] = []
    var (cold, invocations, waste, rum) = (0, 0.0, 0.0, 0.0)
    for (function, windows) in zip(functions, windows) where function.busy.count > 1 {
        let own = replayKeepAlive(function, windows, waste: &waste)
        let calls = function.calls.reduce(0, +) - function.calls[0]
        shares.append(Double(own.cold) / calls)
        cold += own.cold
        invocations += calls
        rum += ResourceUse.seconds(
            coldStarts: Double(own.cold), idleMinutes: own.waste,
            gigabytes: function.gigabytes ?? ResourceUse.usualGigabytes)
    }
    guard !shares.isEmpty else { return nil }
    let sorted = shares.sorted()
    return KeepAliveFigures(
        functions: shares.count, invocations: invocations, coldStarts: cold,
        coldTotal: Double(cold) / invocations, coldMean: shares.reduce(0, +) / Double(shares.count),
        coldP50: quantile(ofSorted: sorted, 0.5), coldP75: quantile(ofSorted: sorted, 0.75),
        coldP90: quantile(ofSorted: sorted, 0.9), wasteMinutes: waste, rum: rum)
}

/// Cold starts and waste of one function; the waste is added to that of all as it comes, so that the sum is rounded alike
/// however functions are told apart.
private func replayKeepAlive(
    _ function: FunctionCalls, _ windows: [KeepAliveWindow], waste: inout Double
) -> (cold: Int, waste: Double) {
    precondition(function.busy.count == windows.count, "a window for every busy minute")
    var (cold, own) = (0, 0.0)
    for (place, window) in windows.enumerated() {
        let minute = Double(function.busy[place])
        let next = place + 1 < function.busy.count ? Double(function.busy[place + 1]) : nil
        let end = next ?? Double(function.minutes)
        let from = minute + window.prewarm, through = minute + window.prewarm + window.keepalive
        if let next, next < from || next > through { cold += 1 }
        let idle = max(0, min(end, through) - min(end, from))
        own += idle
        waste += idle
    }
    return (cold, own)
}

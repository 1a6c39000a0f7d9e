/// The best interval to be loaded in, for one idle time of which the chances are known.
///
/// Staying loaded through minute u of an idle time costs the chance that it is not over by then; being loaded when it ends
/// saves a cold start. Where both are free to begin and end, a function is loaded at the ages at which
/// worth × hazard ≥ 1; one interval, and a load that takes time, make it a dynamic programme over the ages
/// (V. Narayana and I. Kash, "Optimal keep-alive", UAI 2023, give the rule without lead).
package struct WarmInterval: Hashable, Sendable {
    package let window: KeepAliveWindow
    /// What it is expected to save over being unloaded, idle minutes.
    package let saving: Double

    /// `chances[u - 1]` is the chance that the idle time is u minutes; they sum to at most one, and what is missing is longer.
    ///
    /// `worth`, minutes, is how long a loaded function may idle for one cold start less. `lead` is for how many minutes a function
    /// loads before it is of use, held all the while. Complexity: linear in the chances.
    package init(chances: [Double], worth: Double, lead: Int = 0) {
        var search = IntervalSearch(worth: worth, lead: max(0, lead))
        for chance in chances { search.take(chance) }
        let found = search.best
        saving = found.saving
        window =
            found.from == 0
            ? KeepAliveWindow(prewarm: 0, keepalive: Double(found.through))
            : KeepAliveWindow(
                prewarm: Double(found.from - search.lead), keepalive: Double(found.through - found.from + search.lead))
    }
}

/// Takes ages one by one and holds the best interval that has ended by now.
private struct IntervalSearch {
    let worth: Double, lead: Int
    private(set) var best = (saving: 0.0, from: 0, through: 0)
    private var age = 0
    /// The chance that the idle time lasts at least to the age to come.
    private var rest = 1.0
    /// What being loaded from the start through each age would have saved, and the best start of an interval so far.
    private var saved = 0.0
    private var opening = (saving: -Double.infinity, from: 0)
    /// The chances of the last `lead` ages to have been reached, oldest first.
    private var holding: [Double] = []
    private var held = 0.0

    init(worth: Double, lead: Int) { (self.worth, self.lead) = (worth, lead) }

    mutating func take(_ chance: Double) {
        age += 1
        let gain = worth * chance
        saved += gain - rest
        if lead > 0 { hold(rest) }
        // Loaded at the age itself, it idles not at all before it.
        if age > lead, gain - held - saved > opening.saving { opening = (gain - held - saved, age) }
        if saved > best.saving { best = (saved, 0, age) }
        if opening.saving + saved > best.saving { best = (opening.saving + saved, opening.from, age) }
        rest = max(0, rest - chance)
    }

    private mutating func hold(_ chance: Double) {
        holding.append(chance)
        held += chance
        if holding.count > lead { held -= holding.removeFirst() }
    }
}

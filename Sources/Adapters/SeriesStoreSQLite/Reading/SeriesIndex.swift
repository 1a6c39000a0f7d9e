internal import Series
internal import Synchronization

/// Finds series by their labels without looking at all of them. It learns of new ones when it is asked, from where it has come
/// to, so that writers have no work with it.
///
/// Memory: eight bytes a label of a series, bounded by the bound on series. Numbers are those of a source that gives them out
/// ascending. Where it gives one out again, or adds one below others, it says so by another `generation`: all is learnt anew.
final class SeriesIndex: Sendable {
    private struct State: Sendable {
        var postings = Postings()
        /// The highest number that is in them.
        var covered: Int64 = -1
        var generation = 0
        /// Whether a number did not fit.
        var isIncomplete = false
    }

    private let state = Mutex(State())

    /// The series that carry what the selector names, and perhaps others; ascending. Nil where numbers have grown beyond
    /// what it holds, 32 bits: then only a look at all of them tells.
    ///
    /// `learn` is to give all series with a number above the one it gets to the function it gets.
    ///
    /// - Complexity: as `Postings.candidates`, and O(n log n) in all series where there are new ones.
    func candidates(
        _ selector: SeriesSelector, generation: Int, learn: (Int64, (Int64, [UInt8]) -> Void) throws -> Void
    ) rethrows -> [UInt32]? {
        let hashes = Postings.hashes(of: selector)
        return try state.withLock { state in
            if state.generation != generation { state = State(generation: generation) }
            let before = state.covered
            try learn(before) { number, block in
                guard let short = UInt32(exactly: number) else { return state.isIncomplete = true }
                state.postings.add(short, block: block)
                state.covered = max(state.covered, number)
            }
            if state.covered > before { state.postings.settle() }
            return state.isIncomplete ? nil : state.postings.candidates(hashes)
        }
    }
}

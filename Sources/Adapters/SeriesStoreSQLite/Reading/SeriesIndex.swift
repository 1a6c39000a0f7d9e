internal import Series
internal import Synchronization

/// Finds series by their labels without looking at all of them. It learns of new ones when it is asked, from where it has come
/// to, so that writers have no work with it.
///
/// Memory: eight bytes a label of a series, bounded by the bound on series. Its source gives series in the order in which they
/// came, from a place on; where series went, it says so by another `generation`, and all is learnt anew.
final class SeriesIndex: Sendable {
    private struct State: Sendable {
        var postings = Postings()
        /// How far it has come in its source; 0 at the start.
        var place = 0
        var generation = 0
        /// Whether a number did not fit.
        var isIncomplete = false
    }

    private let state = Mutex(State())

    /// The series that carry what the selector names, and perhaps others; ascending. Nil where numbers have grown beyond
    /// what it holds, 32 bits: then only a look at all of them tells.
    ///
    /// `learn` is to give all series that came after the place it gets to the function it gets, some of those before too if it
    /// likes, and to return the place of the last. Where it throws, nothing is learnt.
    ///
    /// - Complexity: as `Postings.candidates`, and where there are new series as `Postings.merge`.
    func candidates(
        _ selector: SeriesSelector, generation: Int, learn: (Int, (Int64, [UInt8]) -> Void) throws -> Int
    ) rethrows -> [UInt32]? {
        let hashes = Postings.hashes(of: selector)
        return try state.withLock { state in
            if state.generation != generation { state = State(generation: generation) }
            var (added, isIncomplete) = ([UInt64](), state.isIncomplete)
            let place = try learn(state.place) { number, block in
                guard let short = UInt32(exactly: number) else { return isIncomplete = true }
                added += Postings.entries(short, block: block)
            }
            state.postings.merge(added)
            (state.place, state.isIncomplete) = (max(state.place, place), isIncomplete)
            return isIncomplete ? nil : state.postings.candidates(hashes)
        }
    }
}

import Series
import Units

/// After the task: the members, each a model of its own; their losses; the misses; the moves of the levels; names and reasons
/// of the members that could not learn, which models stored before this was kept lack.
extension CombinedModel {
    /// Members at most; more would be no model of ours.
    private static let membersAtMost = 16

    package func encoded() -> [UInt8] {
        var writer = ModelWriter(kind: .combined, task: task)
        writer.write(members.count)
        for member in members { writer.write(nested: member.encoded()) }
        // A loss that is not known is told as a negative one, as stored numbers are finite.
        for losses in [weights.losses, weights.recent] { writer.write(losses.map { $0.isFinite ? $0 : -1 }) }
        writer.write(errors.narrowest)
        writer.write(errors.isSparse ? 1 : 0)
        writer.write(errors.highest)
        writer.write(errors.times.map(Double.init))
        writer.write(errors.shares)
        for column in errors.misses { writer.write(column) }
        writer.write(Int(followedTo.millisecondsSinceEpoch))
        writer.write(shifts)
        writer.write(absent.count)
        for text in absent.flatMap({ [$0.name, $0.reason] }) { writer.write(nested: Array(text.utf8)) }
        return writer.finished()
    }

    init(reading reader: inout ModelReader) throws(ForecastError) {
        let task = reader.task
        let count = try reader.integer()
        guard (1...Self.membersAtMost).contains(count) else { throw .corruptModel("its members are too many") }
        var members: [any FittedModel] = []
        for _ in 0..<count {
            let member = try ModelCatalogue.decodeMember(try reader.nested())
            guard member.task == task else { throw .corruptModel("a member was made for another task") }
            members.append(member)
        }
        let losses = try reader.doubles().map { $0 < 0 ? .infinity : $0 }
        let recent = try reader.doubles().map { $0 < 0 ? .infinity : $0 }
        let narrowest = try reader.double(), sparse = try reader.integer(), highest = try reader.double()
        let times = try reader.doubles(), shares = try reader.floats()
        var misses: [[Float]] = []
        for _ in task.levels { misses.append(try reader.floats()) }
        let followedTo = Timestamp(millisecondsSinceEpoch: Int64(try reader.integer()))
        let shifts = try reader.doubles()
        let absentCount = reader.isAtEnd ? 0 : try reader.integer()
        guard (0...Self.membersAtMost).contains(absentCount) else { throw .corruptModel("its members are too many") }
        var absent: [AbsentMember] = []
        for _ in 0..<absentCount {
            let name = String(decoding: try reader.nested(), as: UTF8.self)
            absent.append(AbsentMember(name: name, reason: String(decoding: try reader.nested(), as: UTF8.self)))
        }
        guard losses.count == count, recent.count == count, narrowest > 0, narrowest.isFinite, highest >= 0,
            times.allSatisfy({ abs($0) < 1e16 }),
            shifts.count == task.levels.count,
            let errors = ForecastErrors(
                levels: task.levels, narrowest: narrowest, isSparse: sparse == 1, highest: highest,
                times: times.map { Int64($0) }, shares: shares, misses: misses)
        else { throw .corruptModel("its parts do not fit its task") }
        self.init(
            task: task, members: members, absent: absent, weights: MemberWeights(losses: losses, recent: recent),
            errors: errors,
            followedTo: followedTo, shifts: shifts)
    }
}

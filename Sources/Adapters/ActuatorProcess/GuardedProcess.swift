import Subprocess
import SystemPackage

/// Runs one instance under its guard, and returns why it ended once nothing of it is left.
///
/// `start` watches it become ready; what it returns is why the instance is to be stopped. `ended` is called as soon as the
/// worker has ended, which may be a grace before all that it started has. Cancellation stops the instance.
func runInstance(
    _ spec: ProcessSpec, port: UInt16, start: @escaping @Sendable () async -> String?,
    ended: @escaping @Sendable () async -> Void
) async -> String {
    let words = spec.arguments(port: port)
    do {
        let result = try await Subprocess.run(
            executable(words), arguments: Arguments(Array(words.dropFirst())), environment: spec.updatedEnvironment,
            platformOptions: options(graceSeconds: spec.stopGrace), input: .inputWriter, output: .sequence,
            error: .sequence
        ) { execution in
            await withTaskGroup(of: GuardEvent.self) { group in
                group.addTask { .report(await readAll(execution.standardOutput, first: ended)) }
                group.addTask { .diagnostics(await readAll(execution.standardError)) }
                group.addTask { .started(await start()) }
                return await GuardReport(group: &group, stop: { try? await execution.standardInputWriter.finish() })
            }
        }
        return result.closureResult.reason(result.terminationStatus)
    } catch {
        await ended()
        return "cannot start the instance guard \(words.first ?? ""): \(error)"
    }
}

/// Nil when a guarded command ended with status 0, else why not.
func commandProblem(_ words: [String], _ spec: ProcessSpec) async -> String? {
    do {
        let result = try await Subprocess.run(
            executable(words), arguments: Arguments(Array(words.dropFirst())), environment: spec.updatedEnvironment,
            platformOptions: options(graceSeconds: 0), input: .inputWriter, output: .sequence, error: .discarded
        ) { await readAll($0.standardOutput) }
        return result.terminationStatus.isSuccess ? nil : "its readiness command \(result.closureResult)"
    } catch {
        return "its readiness command cannot be run: \(error)"
    }
}

private enum GuardEvent: Sendable {
    case report(String), diagnostics(String), started(String?)
}

/// What a guard had to say.
private struct GuardReport: Sendable {
    private var problem: String?
    private var report = ""
    private var diagnostics = ""

    init(group: inout TaskGroup<GuardEvent>, stop: () async -> Void) async {
        for await event in group {
            switch event {
            case .report(let text): report = text
            case .diagnostics(let text): diagnostics = text
            case .started(let problem):
                self.problem = problem
                if problem != nil { await stop() }
            }
        }
    }

    /// A guard that ends without a report was killed, or is not the program it should be.
    func reason(_ status: TerminationStatus) -> String {
        let end = report.isEmpty ? "the instance guard ended (\(status)); it wrote: \(diagnostics)" : report
        return problem.map { "\($0); stopped, it \(end)" } ?? end
    }
}

/// Reads to the end, keeping the last 8 KiB; `first` is called when something comes, or at the end.
private func readAll(
    _ output: SubprocessOutputSequence, first: (@Sendable () async -> Void)? = nil
) async -> String {
    var tail = OutputTail(limit: 8192)
    var announce = first
    do {
        for try await chunk in output {
            await announce?()
            announce = nil
            unsafe chunk.withUnsafeBytes { unsafe tail.append($0) }
        }
    } catch {
        tail.append("\nthe rest cannot be read: \(error)".utf8)
    }
    await announce?()
    return tail.text
}

/// A group of its own, out of reach of the terminal's Ctrl-C. The guard applies the grace to what it guards; the
/// margin lets it finish that, since killing the guard would let its adopted processes go.
private func options(graceSeconds: Double) -> PlatformOptions {
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [
        .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(graceSeconds + 10))
    ]
    return options
}

private func executable(_ words: [String]) -> Executable {
    let program = words.first ?? ""
    return program.contains("/") ? .path(FilePath(program)) : .name(program)
}

extension ProcessSpec {
    fileprivate var updatedEnvironment: Environment {
        var additions: [Environment.Key: String?] = [:]
        for (key, value) in environment { additions[Environment.Key(stringLiteral: key)] = value }
        return .inherit.updating(additions)
    }
}

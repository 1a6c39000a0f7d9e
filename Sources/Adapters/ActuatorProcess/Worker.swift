import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Subprocess
import SystemPackage

/// Runs one worker to its end; cancellation stops it with SIGTERM, the grace, then SIGKILL. Always false.
func runWorker(_ spec: ProcessSpec, port: UInt16) async -> Bool {
    let words = spec.arguments(port: port)
    guard let program = words.first else { return false }
    var options = PlatformOptions()
    options.processGroupID = 0
    // A guard applies the grace to its worker itself, and is given time to finish that.
    let grace = spec.stopGrace + (spec.guardCommand.isEmpty ? 0 : 2)
    options.teardownSequence = [
        .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(grace))
    ]
    var additions: [Environment.Key: String?] = [:]
    for (key, value) in spec.environment { additions[Environment.Key(stringLiteral: key)] = value }
    _ = try? await Subprocess.run(
        executable(program), arguments: Arguments(Array(words.dropFirst())),
        environment: .inherit.updating(additions), platformOptions: options, input: .inputWriter,
        output: .discarded, error: .discarded
    ) { execution in
        // The open input is what tells a guard that its daemon lives.
        let pid = execution.processIdentifier.value
        while !hasEnded(pid), (try? await Task.sleep(for: .milliseconds(100))) != nil {}
    }
    return false
}

func isReady(_ spec: ProcessSpec, port: UInt16) async -> Bool {
    switch spec.readiness {
    case .http(let path): return await answers(path, port: port)
    case .command(let words):
        let filled = ProcessSpec.fill(words, port: port)
        guard let program = filled.first else { return false }
        let result = try? await Subprocess.run(
            executable(program), arguments: Arguments(Array(filled.dropFirst())), output: .discarded)
        return result?.terminationStatus.isSuccess ?? false
    }
}

func answers(_ path: String, port: UInt16) async -> Bool {
    let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
    guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(2)) else { return false }
    return (200..<300).contains(Int(response.status.code))
}

private func executable(_ program: String) -> Executable {
    program.contains("/") ? .path(FilePath(program)) : .name(program)
}

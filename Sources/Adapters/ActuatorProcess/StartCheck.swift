import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Brings one instance to ready and warm: its readiness, then its warm-up requests in order, each until it succeeds.
struct StartCheck {
    let spec: ProcessSpec
    let port: UInt16
    let deadline: ContinuousClock.Instant

    private enum Outcome: Sendable {
        case success, failure(String), outOfTime
    }

    /// Nil once ready and warm; else what was still missing at the deadline. Ends early when no longer wanted.
    func problem(while isWanted: () async -> Bool) async -> String? {
        let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: Self.oneTry)
        let problem = await problem(client, while: isWanted)
        // Nothing is in flight by now, so there is nothing that this could fail to wait for.
        try? await client.shutdown()
        return problem
    }

    /// A refused connection is an answer at once, and a redirect is not success.
    private static var oneTry: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    private func problem(_ client: HTTPClient, while isWanted: () async -> Bool) async -> String? {
        for step in 0...spec.warmUpPaths.count {
            var missing = "the first of its checks has not answered"
            if step > 0 { missing = "warm-up request \(spec.warmUpPaths[step - 1]) has not answered" }
            attempts: while true {
                switch await attemptInTime(step, client) {
                case .success: break attempts
                case .failure(let text): missing = text
                case .outOfTime: return "not ready and warm within \(spec.readyDeadline) s: \(missing)"
                }
                guard await isWanted(), (try? await Task.sleep(for: pause)) != nil else { return missing }
            }
        }
        return nil
    }

    /// A command costs a process each time, so it is asked less often.
    private var pause: Duration {
        if case .command = spec.readiness { .milliseconds(250) } else { .milliseconds(100) }
    }

    private func attemptInTime(_ step: Int, _ client: HTTPClient) async -> Outcome {
        await withTaskGroup(of: Outcome.self) { group in
            group.addTask { await attempt(step, client).map { .failure($0) } ?? .success }
            group.addTask { [deadline] in
                try? await Task.sleep(until: deadline, clock: .continuous)
                return .outOfTime
            }
            let first = await group.next() ?? .outOfTime
            group.cancelAll()
            return first
        }
    }

    private func attempt(_ step: Int, _ client: HTTPClient) async -> String? {
        guard step == 0 else { return await getProblem(spec.warmUpPaths[step - 1], client, limit: nil) }
        switch spec.readiness {
        case .http(let path): return await getProblem(path, client, limit: .seconds(2))
        case .command(let words): return await commandProblem(spec.probeArguments(words, port: port), spec)
        }
    }

    /// Without a limit only the deadline counts: a warm-up request may be as slow as a first one is.
    private func getProblem(_ path: String, _ client: HTTPClient, limit: TimeAmount?) async -> String? {
        let url = "http://127.0.0.1:\(port)\(path)"
        var request = HTTPClientRequest(url: url)
        // A connection kept open would hold up the worker's graceful end.
        request.headers.add(name: "connection", value: "close")
        do {
            let end = limit.map { NIODeadline.now() + $0 } ?? .distantFuture
            let response = try await client.execute(request, deadline: end)
            return (200..<300).contains(Int(response.status.code)) ? nil : "GET \(url) answered \(response.status)"
        } catch {
            return "GET \(url) got no answer: \(error)"
        }
    }
}

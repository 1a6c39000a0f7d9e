import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Brings one instance to ready and warm: its readiness, then its warm-up requests in order, each until it succeeds.
struct StartCheck {
    let spec: ProcessSpec
    let port: UInt16
    let deadline: ContinuousClock.Instant

    /// Nil once ready and warm; else what was still missing at the deadline. Ends early when cancelled.
    func problem(while isWanted: () async -> Bool) async -> String? {
        for step in 0...spec.warmUpPaths.count {
            while let missing = await bounded({ await attempt(step) }) {
                guard ContinuousClock.now < deadline, await isWanted() else {
                    return "not ready and warm within \(spec.readyDeadline) s: \(missing)"
                }
                guard (try? await Task.sleep(for: pause)) != nil else { return missing }
            }
        }
        return nil
    }

    /// A command costs a process each time, so it is asked less often.
    private var pause: Duration {
        if case .command = spec.readiness { .milliseconds(250) } else { .milliseconds(100) }
    }

    private func attempt(_ step: Int) async -> String? {
        guard step == 0 else { return await getProblem(spec.warmUpPaths[step - 1], limit: remaining) }
        switch spec.readiness {
        case .http(let path): return await getProblem(path, limit: min(remaining, .seconds(2)))
        case .command(let words): return await commandProblem(spec.probeArguments(words, port: port), spec)
        }
    }

    private var remaining: Duration { max(deadline - ContinuousClock.now, .milliseconds(1)) }

    /// Gives up on an attempt at the deadline.
    private func bounded(_ attempt: @escaping @Sendable () async -> String?) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { await attempt() }
            group.addTask { [deadline] in
                try? await Task.sleep(until: deadline, clock: .continuous)
                return "no answer by then"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private func getProblem(_ path: String, limit: Duration) async -> String? {
        let url = "http://127.0.0.1:\(port)\(path)"
        var request = HTTPClientRequest(url: url)
        // A connection kept open would hold up the worker's graceful end.
        request.headers.add(name: "connection", value: "close")
        do {
            let timeout = TimeAmount.milliseconds(Int64(max(1, limit / .milliseconds(1))))
            let response = try await HTTPClient.shared.execute(request, timeout: timeout)
            return (200..<300).contains(Int(response.status.code)) ? nil : "GET \(url) answered \(response.status)"
        } catch {
            return "GET \(url) got no answer: \(error)"
        }
    }
}

import CInstanceGuard
import Glibc
import Synchronization

/// The writing end of the pipe that a signal wakes the guard through; whichever thread the signal lands on.
private let wakeUp = Atomic<Int32>(-1)
private let stopRequested = Atomic<Bool>(false)

/// Runs `argv` as a small init: starts it, ends everything that came of it, and returns when nothing is left.
///
/// All is ended once the program has, once standard input closes, or on SIGTERM, SIGINT, SIGHUP or SIGQUIT: SIGTERM,
/// up to the grace, then SIGKILL, for the program, its process group and whatever they started, daemons too. The
/// owner holds the other end of the input, so its death by any signal ends the program; and the kernel kills the
/// program when the guard itself is killed. For that the guard stays on the thread that calls this, the main one.
///
/// When the program ends, standard output gets why, and the last 4 KiB of what it wrote, in one piece.
/// Returns its exit status, 128 + signal when a signal ended it, or 127 when it cannot start.
package func runInstanceGuard(argv: [String], graceSeconds: Double) -> Int32 {
    guard let wake = openPipe(), let output = openPipe() else {
        return report(failure: "cannot open a pipe: \(errorText())")
    }
    watchSignals(through: wake.write)
    // Where this is refused, descendants that become daemons are not found again; the rest works.
    _ = prewarm_adopt_orphans()
    let worker = start(argv, output: output.write)
    guard worker > 0 else {
        return report(failure: "cannot start \(argv.first ?? "an empty command"): \(errorText())")
    }
    close(output.write)
    var guardian = Guardian(
        worker: worker, grace: .seconds(graceSeconds), input: STDIN_FILENO, wake: wake.read, output: output.read)
    return guardian.run()
}

private struct Guardian {
    let worker: pid_t
    let grace: Duration
    /// What is polled; -1 once closed.
    var input: Int32
    let wake: Int32
    var output: Int32
    private var tail = OutputTail(limit: 4096)
    /// As wait(2) gives it, once the worker has ended.
    private var status: Int32?
    /// When SIGTERM gives way to SIGKILL, once all is being ended.
    private var killTime: ContinuousClock.Instant?
    /// When to look for descendants again. Going through all processes is dear, so the pauses grow.
    private var nextLook = ContinuousClock.now
    private var pause = Duration.milliseconds(20)
    /// Who has had SIGTERM: each process gets it once, for many take a second one as an order to hurry.
    private var told: Set<pid_t> = []

    init(worker: pid_t, grace: Duration, input: Int32, wake: Int32, output: Int32) {
        (self.worker, self.grace, self.input, self.wake, self.output) = (worker, grace, input, wake, output)
    }

    mutating func run() -> Int32 {
        while reap() {
            if status != nil || stopRequested.load(ordering: .relaxed) { stopAll() }
            wait(atMost: killTime == nil ? nil : nextLook - ContinuousClock.now)
        }
        return status.map { exitStatus($0) } ?? 127
    }

    /// False once no child is left, own or adopted.
    private mutating func reap() -> Bool {
        var ended: Int32 = 0
        while true {
            let pid = unsafe waitpid(-1, &ended, WNOHANG)
            if pid == 0 || (pid < 0 && errno != EINTR) { return pid == 0 }
            told.remove(pid)
            if pid == worker {
                status = ended
                reportEnd(ended)
            }
        }
    }

    private mutating func stopAll() {
        let now = ContinuousClock.now
        let deadline = killTime ?? now + grace
        killTime = deadline
        guard now >= nextLook else { return }
        let isLate = now >= deadline
        for pid in descendants(of: getpid()) ?? [worker] where isLate || told.insert(pid).inserted {
            kill(pid, isLate ? SIGKILL : SIGTERM)
        }
        nextLook = isLate ? now + pause : min(now + pause, deadline)
        pause = min(pause * 2, .seconds(1))
    }

    private mutating func wait(atMost limit: Duration?) {
        var entries = [input, wake, output].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let timeout = limit.map { max(1, Int32($0 / .milliseconds(1))) } ?? -1
        guard unsafe poll(&entries, 3, timeout) > 0 else { return }
        if entries[0].revents != 0, readSome(input) == nil {
            input = -1
            stopRequested.store(true, ordering: .relaxed)
        }
        if entries[1].revents != 0 { _ = readSome(wake) }
        if entries[2].revents != 0 { takeOutput() }
    }

    private mutating func takeOutput() {
        guard let bytes = readSome(output) else {
            output = -1
            return
        }
        tail.append(bytes)
    }

    private mutating func reportEnd(_ ended: Int32) {
        // What was written before the end is in the pipe; 16 reads empty it also where others still write to it.
        for _ in 0..<16 where output >= 0 && isReadable(output) { takeOutput() }
        let signal = ended & 0x7f
        let reason = signal == 0 ? "exit status \(exitStatus(ended))" : "signal \(signal) (\(signalName(signal)))"
        let text = tail.text
        writeReport("ended with \(reason)" + (text.isEmpty ? ", without output" : "; its last output:\n\(text)"))
    }
}

private func start(_ argv: [String], output: Int32) -> pid_t {
    guard !argv.isEmpty else {
        errno = ENOENT
        return -1
    }
    let words: [UnsafeMutablePointer<CChar>?] = unsafe argv.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    return unsafe prewarm_start_bound(words, output)
}

private func watchSignals(through end: Int32) {
    stopRequested.store(false, ordering: .relaxed)
    _ = fcntl(end, F_SETFL, O_NONBLOCK)
    wakeUp.store(end, ordering: .relaxed)
    for number in [SIGTERM, SIGINT, SIGHUP, SIGQUIT] {
        _ = signal(number) { _ in
            stopRequested.store(true, ordering: .relaxed)
            wake()
        }
    }
    _ = signal(SIGCHLD) { _ in wake() }
    // The owner may be gone when the report is written.
    _ = signal(SIGPIPE, SIG_IGN)
}

/// Safe in a signal handler: one write, which a full pipe, already awake, refuses.
private func wake() {
    let before = errno
    var byte: UInt8 = 0
    _ = unsafe write(wakeUp.load(ordering: .relaxed), &byte, 1)
    errno = before
}

/// A pipe that the worker does not inherit.
private func openPipe() -> (read: Int32, write: Int32)? {
    var ends: [Int32] = [-1, -1]
    guard unsafe pipe(&ends) == 0 else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}

/// What can be read now; nil at the end or when the descriptor is of no use.
private func readSome(_ handle: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe read(handle, &bytes, bytes.count)
    if count > 0 { return Array(bytes[..<count]) }
    return count < 0 && (errno == EINTR || errno == EAGAIN) ? [] : nil
}

private func isReadable(_ handle: Int32) -> Bool {
    var entry = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) > 0
}

private func exitStatus(_ ended: Int32) -> Int32 { ended & 0x7f == 0 ? (ended >> 8) & 0xff : 128 + (ended & 0x7f) }

private func signalName(_ number: Int32) -> String {
    unsafe strsignal(number).map { unsafe String(cString: $0) } ?? "unknown"
}

private func errorText() -> String {
    let code = errno
    return unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}

private func report(failure: String) -> Int32 {
    writeReport(failure)
    return 127
}

private func writeReport(_ text: String) {
    var rest = Array("\(text)\n".utf8)[...]
    while !rest.isEmpty {
        let count = unsafe rest.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
        guard count > 0 || errno == EINTR else { return }
        rest = rest.dropFirst(max(0, count))
    }
}

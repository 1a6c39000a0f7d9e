import Glibc
import Synchronization

private let stopRequested = Atomic<Bool>(false)

/// Runs `argv` in a process group of its own, and ends the whole group when `input` closes or SIGTERM arrives.
///
/// The daemon holds the other end of `input`, so its death by any signal ends the worker too. Blocks until the
/// worker has ended. Returns its exit status, 128 + signal when a signal ended it, or 127 when it cannot start.
package func runInstanceGuard(argv: [String], graceSeconds: Double, input: Int32 = 0) -> Int32 {
    stopRequested.store(false, ordering: .relaxed)
    _ = signal(SIGTERM) { _ in stopRequested.store(true, ordering: .relaxed) }
    guard let worker = spawnGroup(argv) else { return 127 }
    while !hasEnded(worker), !stopRequested.load(ordering: .relaxed), !isClosed(input) {}
    stopGroup(worker, graceSeconds: graceSeconds)
    var status: Int32 = 0
    while unsafe waitpid(worker, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
}

/// SIGTERM, up to the grace, then SIGKILL for what is left; the unreaped leader keeps the group's number ours.
private func stopGroup(_ leader: pid_t, graceSeconds: Double) {
    if !hasEnded(leader) {
        kill(-leader, SIGTERM)
        let deadline = ContinuousClock.now + .seconds(graceSeconds)
        while !hasEnded(leader), ContinuousClock.now < deadline { usleep(20_000) }
    }
    kill(-leader, SIGKILL)
}

/// Whether a child has ended, leaving it to be reaped by its owner.
func hasEnded(_ pid: pid_t) -> Bool {
    var info = unsafe siginfo_t()
    let result = unsafe waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT)
    return unsafe result == 0 ? info.si_signo != 0 : errno == ECHILD
}

/// Waits up to 50 ms for the holder to close its end.
private func isClosed(_ input: Int32) -> Bool {
    var entry = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&entry, 1, 50) > 0 else { return false }
    var byte: UInt8 = 0
    let count = unsafe read(input, &byte, 1)
    return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)
}

private func spawnGroup(_ argv: [String]) -> pid_t? {
    guard let program = argv.first else { return nil }
    var attributes = posix_spawnattr_t()
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawnattr_init(&attributes)
    unsafe posix_spawn_file_actions_init(&actions)
    defer {
        unsafe posix_spawnattr_destroy(&attributes)
        unsafe posix_spawn_file_actions_destroy(&actions)
    }
    var (all, none) = (sigset_t(), sigset_t())
    unsafe sigfillset(&all)
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &all)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setpgroup(&attributes, 0)
    let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    var words: [UnsafeMutablePointer<CChar>?] = unsafe argv.map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    var pid: pid_t = 0
    return unsafe posix_spawnp(&pid, program, &actions, &attributes, &words, environ) == 0 ? pid : nil
}

/// Whether nothing is bound to the loopback port now.
func isFree(port: UInt16) -> Bool {
    let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard handle >= 0 else { return false }
    defer { close(handle) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(handle, $0, size) == 0 }
    }
}

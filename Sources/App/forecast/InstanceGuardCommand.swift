import ActuatorProcess
import ArgumentParser

/// `forecast instance-guard`: what the process actuator puts between itself and a worker.
struct InstanceGuardCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instance-guard",
        abstract: "Runs a command, and ends all that came of it when standard input closes.",
        shouldDisplay: false)

    @Option(help: "Seconds from SIGTERM to SIGKILL.")
    var grace = 10.0
    @Argument(parsing: .postTerminator, help: "After --: the program and its arguments.")
    var command: [String] = []

    func validate() throws {
        guard grace >= 0, grace <= 86_400 else { throw ValidationError("--grace takes 0 to 86400 seconds.") }
        guard !command.isEmpty else { throw ValidationError("A command is missing; put it after --.") }
    }

    func run() throws { throw ExitCode(runInstanceGuard(argv: command, graceSeconds: grace)) }

    /// Does all of it and exits when that is what this process was started for.
    ///
    /// Called before anything is awaited: the guard blocks its thread, and its worker lives as long as that thread.
    static func runIfAsked(_ arguments: [String]) {
        guard arguments.dropFirst().first == configuration.commandName else { return }
        main(Array(arguments.dropFirst(2)))
    }

    /// The words that start a guard with this grace, in seconds.
    static func guardCommand(grace: Double) -> [String] {
        [Forecast.executablePath, "instance-guard", "--grace", "\(grace)"]
    }
}
